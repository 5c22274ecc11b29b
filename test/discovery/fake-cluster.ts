/** An endpoint of a slice, as the API has it. */
export interface FakeEndpoint {
  readonly addresses: readonly string[]
  readonly conditions?: {
    readonly ready?: boolean
    readonly serving?: boolean
    readonly terminating?: boolean
  }
  readonly zone?: string
}

export interface FakeSlice {
  readonly addressType?: string
  readonly ports?:
    | readonly { readonly name?: string; readonly port?: number | null; readonly protocol?: string }[]
    | null
  readonly endpoints?: readonly FakeEndpoint[] | null
}

export interface ClusterAnswer {
  readonly status: number
  readonly body: string | AsyncIterable<string>
}

export interface ClusterRequest {
  readonly kind: 'list' | 'watch'
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
}

/** What an API server knows of the EndpointSlices of a service, and how it answers: lists in pages, watches as they come. */
export class FakeCluster {
  readonly requests: ClusterRequest[] = []
  /** What has to be shown; `undefined`: anything. */
  token: string | undefined
  /** Answers in place of its own, each once. */
  readonly instead: ClusterAnswer[] = []
  pageSize = 500
  #version = 100
  /** Watches from before this version are told that it is gone. */
  #oldest = 0
  readonly #slices = new Map<string, object>()
  readonly #events: { readonly version: number; readonly line: string }[] = []
  readonly #watches = new Set<Watch>()

  count(kind: ClusterRequest['kind']): number {
    return this.requests.filter((it) => it.kind === kind).length
  }

  /** Adds a slice, or puts another in its place. */
  put(
    name: string,
    { addressType = 'IPv4', ports = [{ name: 'http', port: 8080 }], endpoints = [] }: FakeSlice,
  ): void {
    const type = this.#slices.has(name) ? 'MODIFIED' : 'ADDED'
    const metadata = { name, resourceVersion: `${++this.#version}` }
    const slice = { kind: 'EndpointSlice', metadata, addressType, ports, endpoints }
    this.#slices.set(name, slice)
    this.#happen(type, slice)
  }

  /** The usual: one slice of pods that are ready. */
  pods(...addresses: readonly string[]): void {
    this.put('users-1', {
      endpoints: addresses.map((it) => ({ addresses: [it], conditions: { ready: true } })),
    })
  }

  remove(name: string): void {
    const slice = this.#slices.get(name) as { metadata: { resourceVersion: string } }
    slice.metadata.resourceVersion = `${++this.#version}`
    this.#slices.delete(name)
    this.#happen('DELETED', slice)
  }

  bookmark(): void {
    const metadata = { resourceVersion: `${++this.#version}` }
    this.say(JSON.stringify({ type: 'BOOKMARK', object: { kind: 'EndpointSlice', metadata } }))
  }

  /** Sends a line to all who watch. */
  say(line: string): void {
    for (const watch of this.#watches) watch.push(`${line}\n`)
  }

  /** Sends bytes that are no whole line. */
  sayPart(text: string): void {
    for (const watch of this.#watches) watch.push(text)
  }

  endWatches(): void {
    for (const watch of this.#watches) watch.end()
    this.#watches.clear()
  }

  /** Forgets what has happened until now. */
  compact(): void {
    this.#oldest = this.#version
  }

  answer(target: string, authorization: string | undefined): ClusterAnswer {
    const { pathname, searchParams: query } = new URL(target, 'http://api')
    const kind = query.has('watch') ? 'watch' : 'list'
    this.requests.push({ kind, path: pathname, query, authorization })
    const instead = this.instead.shift()
    if (instead !== undefined) return instead
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`)
      return status(401, 'Unauthorized')
    return kind === 'list' ? this.#list(query) : this.#watch(query)
  }

  #list(query: URLSearchParams): ClusterAnswer {
    const from = Number(query.get('continue') ?? 0)
    const all = [...this.#slices.values()]
    const to = from + Math.min(this.pageSize, Number(query.get('limit')))
    const metadata = {
      resourceVersion: `${this.#version}`,
      ...(to < all.length ? { continue: `${to}` } : {}),
    }
    return {
      status: 200,
      body: JSON.stringify({ kind: 'EndpointSliceList', metadata, items: all.slice(from, to) }),
    }
  }

  #watch(query: URLSearchParams): ClusterAnswer {
    const since = Number(query.get('resourceVersion'))
    if (since < this.#oldest) return status(410, 'too old resource version')
    const watch = new Watch(() => this.#watches.delete(watch))
    this.#watches.add(watch)
    for (const { version, line } of this.#events) if (version > since) watch.push(line)
    return { status: 200, body: watch }
  }

  #happen(type: string, object: object): void {
    const line = `${JSON.stringify({ type, object })}\n`
    this.#events.push({ version: this.#version, line })
    for (const watch of this.#watches) watch.push(line)
  }
}

export function status(code: number, message: string): ClusterAnswer {
  return { status: code, body: JSON.stringify({ kind: 'Status', status: 'Failure', message, code }) }
}

/** The lines of one watch, as they come. */
class Watch implements AsyncIterable<string> {
  readonly #onEnd: () => void
  #text = ''
  #ended = false
  #wake: () => void = () => {}

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  push(text: string): void {
    this.#text += text
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        if (this.#text !== '') {
          const text = this.#text
          this.#text = ''
          yield text
        } else if (this.#ended) return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#onEnd()
    }
  }
}
