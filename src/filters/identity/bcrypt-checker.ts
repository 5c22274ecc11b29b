import { AsyncResource } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

const BCRYPT = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/

/** A cost of 14 is more than a second. */
export function isBcryptHash(text: string): boolean {
  const cost = Number(BCRYPT.exec(text)?.[1])
  return cost >= 4 && cost <= 14
}

/** What the thread runs: no file of its own, which a bundler would have to know of. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const { compareSync } = require(workerData)
parentPort.on('message', ({ id, password, hash }) => {
  try {
    parentPort.postMessage({ id, matches: compareSync(password, hash) })
  } catch (error) {
    parentPort.postMessage({ id, error: String(error) })
  }
})`

interface Reply {
  readonly id: number
  readonly matches?: boolean
  readonly error?: string
}

/**
 * Checks bcrypt hashes in a thread of its own. What Node has built in does not know bcrypt, and done here a check would hold up
 * all connections for a tenth of a second. The thread begins with the first check, and keeps the process alive while there is one.
 */
export class BcryptChecker implements Disposable {
  #worker: Worker | undefined
  readonly #waiting = new Map<number, Check>()
  #lastId = 0
  /** Whether the thread is to end as soon as it has nothing to do. */
  #ending = false

  check(password: string, hash: string): Promise<boolean> {
    const id = ++this.#lastId
    const check = new Check()
    this.#waiting.set(id, check)
    this.#ending = false
    this.#worker ??= this.#begin()
    this.#worker.ref()
    this.#worker.postMessage({ id, password, hash })
    return check.result
  }

  /** Ends the thread when what was begun is done: another proxy may wait for it. A later check begins another. */
  [Symbol.dispose](): void {
    this.#ending = true
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    if (this.#ending && this.#waiting.size === 0) this.#end(new Error('the thread was ended'))
  }

  #begin(): Worker {
    const worker = new Worker(THREAD, {
      eval: true,
      // What the process was started with, such as hooks for modules, is of no use to ten lines.
      execArgv: [],
      workerData: createRequire(import.meta.url).resolve('bcryptjs'),
    })
    worker.on('message', ({ id, matches, error }: Reply) => {
      const check = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (matches === undefined) check?.fail(new Error(error))
      else check?.succeed(matches)
      if (this.#waiting.size === 0) worker.unref()
      this.#endIfIdle()
    })
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#end(error)
    })
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#end(new Error(`the thread has ended with ${code}`))
    })
    return worker
  }

  #end(error: unknown): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const check of waiting) check.fail(error)
  }
}

/** One check. As a resource of Node's it is known to who watches what is under way, such as a simulation. */
class Check extends AsyncResource {
  readonly #result = Promise.withResolvers<boolean>()

  constructor() {
    super('BCRYPTREQUEST')
  }

  get result(): Promise<boolean> {
    return this.#result.promise
  }

  succeed(matches: boolean): void {
    this.runInAsyncScope(() => this.#result.resolve(matches))
  }

  fail(error: unknown): void {
    this.runInAsyncScope(() => this.#result.reject(error))
  }
}
