/** A response as the client read it. */
export interface ReadResponse {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  readonly trailers: ReadonlyMap<string, string>
  /** It ended as its framing says. */
  readonly complete: boolean
  readonly interim: number
}

type Step = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'trailers' | 'close' | 'tunnel'

/** Reads responses as a strict client does. What is against the rules is thrown: the proxy has sent it. */
export class ResponseReader {
  readonly responses: ReadResponse[] = []
  /** Bytes after a 101. */
  readonly tunnel: Buffer[] = []
  readonly #methodOf: (response: number) => string | undefined
  #buffer: Buffer = Buffer.alloc(0)
  #step: Step = 'head'
  #left = 0
  #interim = 0
  #continues = 0
  #status = 0
  #headers = new Map<string, string>()
  #trailers = new Map<string, string>()
  #body: Buffer[] = []

  constructor(methodOf: (response: number) => string | undefined) {
    this.#methodOf = methodOf
  }

  /** Interim responses with status 100 so far. */
  get continues(): number {
    return this.#continues
  }

  /** Takes bytes, and their memory: the caller may not use it again. */
  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    while (this.#advance());
  }

  /** The connection is over. `orderly`: by an end, and not by a reset. Gives what was under way. */
  end(orderly: boolean): void {
    if (this.#step === 'close' && orderly) this.#finish(true)
    else if (this.#step !== 'head' && this.#step !== 'tunnel') this.#finish(false)
    else if (this.#step === 'head' && this.#buffer.length > 0 && orderly && this.#continues === 0)
      throw new Error(
        `a head that broke off: ${JSON.stringify(this.#buffer.toString('latin1').slice(0, 200))}`,
      )
  }

  #advance(): boolean {
    switch (this.#step) {
      case 'head':
        return this.#readHead()
      case 'tunnel':
      case 'close':
        if (this.#buffer.length === 0) return false
        ;(this.#step === 'tunnel' ? this.tunnel : this.#body).push(this.#buffer)
        this.#buffer = Buffer.alloc(0)
        return false
      case 'length':
      case 'chunk-data': {
        const taken = this.#buffer.subarray(0, this.#left)
        if (taken.length > 0) this.#body.push(taken)
        this.#buffer = this.#buffer.subarray(taken.length)
        this.#left -= taken.length
        if (this.#left > 0) return false
        if (this.#step === 'length') return this.#finish(true)
        if (this.#buffer.length < 2) return false
        if (this.#buffer.toString('latin1', 0, 2) !== '\r\n') throw new Error('a chunk without its end')
        this.#buffer = this.#buffer.subarray(2)
        this.#step = 'chunk-size'
        return true
      }
      case 'chunk-size': {
        const line = this.#line()
        if (line === undefined) return false
        if (!/^[0-9a-f]+$/.test(line)) throw new Error(`a chunk size of ${JSON.stringify(line)}`)
        this.#left = Number.parseInt(line, 16)
        this.#step = this.#left === 0 ? 'trailers' : 'chunk-data'
        return true
      }
      case 'trailers': {
        const line = this.#line()
        if (line === undefined) return false
        if (line === '') return this.#finish(true)
        this.#field(line, this.#trailers)
        return true
      }
    }
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end < 0) return false
    const [start = '', ...lines] = this.#buffer.toString('latin1', 0, end).split('\r\n')
    const status = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(start)?.[1]
    if (status === undefined) throw new Error(`a status line of ${JSON.stringify(start.slice(0, 100))}`)
    const method = this.#methodOf(this.responses.length)
    if (method === undefined) throw new Error(`a response that nobody asked for: ${start}`)
    this.#buffer = this.#buffer.subarray(end + 4)
    this.#status = Number(status)
    this.#headers = new Map()
    this.#trailers = new Map()
    this.#body = []
    for (const line of lines) this.#field(line, this.#headers)
    if (this.#status < 200 && this.#status !== 101) {
      this.#interim++
      if (this.#status === 100) this.#continues++
      return true
    }
    if (this.#status === 101) {
      this.#finish(true)
      this.#step = 'tunnel'
      return true
    }
    const length = this.#headers.get('content-length')
    const coding = this.#headers.get('transfer-encoding')
    if (length !== undefined && coding !== undefined) throw new Error('both length and coding')
    if (method === 'HEAD' || this.#status === 204 || this.#status === 304) {
      if (coding !== undefined && this.#status === 204) throw new Error('a coding without a body')
      return this.#finish(true)
    }
    if (coding !== undefined) {
      if (coding !== 'chunked') throw new Error(`a coding of ${coding}`)
      this.#step = 'chunk-size'
    } else if (length !== undefined) {
      if (!/^\d+$/.test(length)) throw new Error(`a length of ${length}`)
      this.#left = Number(length)
      if (this.#left === 0) return this.#finish(true)
      this.#step = 'length'
    } else this.#step = 'close'
    return true
  }

  #line(): string | undefined {
    const end = this.#buffer.indexOf('\r\n')
    if (end < 0) return undefined
    const line = this.#buffer.toString('latin1', 0, end)
    this.#buffer = this.#buffer.subarray(end + 2)
    return line
  }

  #field(line: string, into: Map<string, string>): void {
    const match = /^([!#$%&'*+\-.^_`|~\w]+): ([\t -~\x80-\xff]*)$/.exec(line)
    if (match === null) throw new Error(`a field of ${JSON.stringify(line.slice(0, 100))}`)
    const name = match[1]!.toLowerCase()
    if (into.has(name) && /^(content-length|transfer-encoding|x-chaos-id|date)$/.test(name))
      throw new Error(`two fields ${name}`)
    into.set(name, match[2]!)
  }

  #finish(complete: boolean): true {
    this.responses.push({
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#body),
      trailers: this.#trailers,
      complete,
      interim: this.#interim,
    })
    this.#body = []
    this.#interim = 0
    this.#step = 'head'
    return true
  }
}
