import { AsyncLocalStorage, createHook } from 'node:async_hooks'

const watching = new AsyncLocalStorage<RealWork>()
/** Who began what has not ended, and how often: a compressor may be given more while it tells of what it has done. */
const begun = new Map<number, { readonly work: RealWork; times: number }>()
let hooked = false

/**
 * Knows of work that Node does beside the event loop for what runs within: hashes and keys, files, compression, immediates.
 * Virtual time must stand still while there is some, or timers would overtake it.
 *
 * Each write to a compressor is a piece of work of its own; what is compressed at once is none.
 */
export class RealWork {
  #pending = 0

  constructor() {
    if (hooked) return
    hooked = true
    // Without promises, watching costs next to nothing. Node 22 does not know the option, and is slower.
    const options: HookOptions = { init, after: ended, destroy: gone, trackPromises: false }
    createHook(options).enable()
  }

  /** Pieces of work that have not ended. */
  get pending(): number {
    return this.#pending
  }

  /** Runs a function. What follows from it is watched. */
  within<T>(run: () => T): T {
    return watching.run(this, run)
  }

  /** @internal */
  began(): void {
    this.#pending++
  }

  /** @internal */
  ended(): void {
    this.#pending--
  }
}

interface HookOptions extends NonNullable<Parameters<typeof createHook>[0]> {
  readonly trackPromises: boolean
}

const WORK = /REQUEST$|^(?:ZLIB|FSREQ|FILEHANDLE|Immediate$|GETADDRINFO)/

function init(id: number, type: string, _trigger: number, resource: object): void {
  // By far the most common, and never work.
  if (type === 'TickObject' || type === 'Timeout' || type === 'PROMISE') return
  if (!WORK.test(type)) return
  const work = watching.getStore()
  if (work === undefined) return
  if (type === 'ZLIB') watchWrites(id, resource as ZlibHandle, work)
  else began(id, work)
}

/** What Node gives bytes to, once or often, and what can wait for more as long as it likes. */
interface ZlibHandle {
  write: (...args: unknown[]) => unknown
}

function watchWrites(id: number, handle: ZlibHandle, work: RealWork): void {
  const { write } = handle
  handle.write = (...args) => {
    began(id, work)
    return write.apply(handle, args)
  }
}

function began(id: number, work: RealWork): void {
  const known = begun.get(id)
  if (known === undefined) begun.set(id, { work, times: 1 })
  else known.times++
  work.began()
}

function ended(id: number): void {
  const known = begun.get(id)
  if (known === undefined) return
  if (--known.times === 0) begun.delete(id)
  known.work.ended()
}

function gone(id: number): void {
  while (begun.has(id)) ended(id)
}
