/** A message as it stood on the wire. Nothing is normalized, joined or checked. */
export interface SimpleMessage {
  /** `GET / HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly startLine: string
  /** Every byte from the start line to the empty line, as latin1. */
  readonly head: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The body without its framing. */
  readonly body: Buffer
  readonly trailers: readonly (readonly [name: string, value: string])[]
  /** What said where the body ends. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** Sizes of the chunks as they were sent; empty unless chunked. */
  readonly chunkSizes: readonly number[]
  /** `false` when the connection closed before the message was whole. */
  readonly complete: boolean
}

type Fields = (readonly [name: string, value: string])[]

interface Begun {
  readonly startLine: string
  readonly head: string
  readonly headers: Fields
  readonly framing: SimpleMessage['framing']
  readonly parts: Buffer[]
  readonly chunkSizes: number[]
  trailers: Fields
}

type Step =
  | { readonly at: 'head' }
  | { readonly at: 'bytes'; left: number }
  | { readonly at: 'chunk-size' }
  | { readonly at: 'chunk-bytes'; left: number }
  | { readonly at: 'trailers' }
  | { readonly at: 'until-close' }

export interface SimpleReaderOptions {
  readonly kind: 'request' | 'response'
  /** Told when a head is there, before the body. Returns whether a body can follow: none does after HEAD or 101. */
  readonly onHead?: ((message: Pick<SimpleMessage, 'startLine' | 'headers' | 'head'>) => boolean) | undefined
  /** Returns `false` to read no further: what is left stays in `rest`. */
  readonly onMessage: (message: SimpleMessage) => boolean
}

/**
 * Reads HTTP/1 messages the simple way: for the far ends of a test, which must not share code, and mistakes, with
 * the parser under test. It takes nearly everything; what makes no sense at all it throws on.
 */
export class SimpleReader {
  readonly #options: SimpleReaderOptions
  #buffer: Buffer = Buffer.alloc(0)
  #step: Step = { at: 'head' }
  #message: Begun | undefined
  #stopped = false

  constructor(options: SimpleReaderOptions) {
    this.#options = options
  }

  /** Bytes that no message has taken. */
  get rest(): Buffer {
    return this.#buffer
  }

  /** Whether a message has begun and not ended. */
  get midMessage(): boolean {
    return this.#message !== undefined || this.#buffer.length > 0
  }

  push(chunk: Uint8Array): void {
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffer, chunk])
    while (!this.#stopped && this.#advance());
  }

  /** Reads on after `onMessage` said `false`. */
  resume(): void {
    this.#stopped = false
    while (!this.#stopped && this.#advance());
  }

  /** The connection has ended: so does a body that lasts until then. */
  end(): void {
    if (this.#message === undefined || this.#stopped) return
    this.#finish(this.#step.at === 'until-close')
  }

  /** One step. `false` when more bytes are needed. */
  #advance(): boolean {
    const step = this.#step
    switch (step.at) {
      case 'head':
        return this.#head()
      case 'bytes': {
        step.left -= this.#takeBody(step.left)
        if (step.left > 0) return false
        this.#finish(true)
        return true
      }
      case 'chunk-size': {
        const line = this.#line()
        if (line === undefined) return false
        const size = Number.parseInt(line, 16)
        if (!(size >= 0)) throw new Error(`no chunk size: ${JSON.stringify(line)}`)
        if (size > 0) this.#message!.chunkSizes.push(size)
        this.#step = size === 0 ? { at: 'trailers' } : { at: 'chunk-bytes', left: size }
        return true
      }
      case 'chunk-bytes': {
        step.left -= this.#takeBody(step.left)
        if (step.left > 0 || this.#line() === undefined) return false
        this.#step = { at: 'chunk-size' }
        return true
      }
      case 'trailers': {
        const line = this.#line()
        if (line === undefined) return false
        if (line === '') this.#finish(true)
        else this.#message!.trailers.push(field(line))
        return true
      }
      case 'until-close':
        this.#takeBody(this.#buffer.length)
        return false
    }
  }

  #head(): boolean {
    // Empty lines before a message are allowed (RFC 9112 section 2.2).
    while (this.#buffer[0] === 13 || this.#buffer[0] === 10) this.#buffer = this.#buffer.subarray(1)
    const found = /\r?\n\r?\n/.exec(this.#buffer.toString('latin1'))
    if (found === null) return false
    const length = found.index + found[0].length
    const head = this.#buffer.toString('latin1', 0, length)
    this.#buffer = this.#buffer.subarray(length)
    const [startLine = '', ...lines] = head.slice(0, found.index).split(/\r?\n/)
    const headers = lines.map(field)
    const bodyFollows = this.#options.onHead?.({ startLine, headers, head }) ?? true
    const framing = bodyFollows ? this.#framing(startLine, headers) : 'none'
    this.#message = { startLine, head, headers, framing, parts: [], chunkSizes: [], trailers: [] }
    if (framing === 'chunked') this.#step = { at: 'chunk-size' }
    else if (framing === 'close') this.#step = { at: 'until-close' }
    else
      this.#step = {
        at: 'bytes',
        left: framing === 'length' ? Number(firstValue(headers, 'content-length')) : 0,
      }
    return true
  }

  #framing(startLine: string, headers: Fields): SimpleMessage['framing'] {
    if (this.#options.kind === 'response' && /^HTTP\/\d\.\d (?:1\d\d|204|304)/.test(startLine)) return 'none'
    if (/chunked/i.test(firstValue(headers, 'transfer-encoding') ?? '')) return 'chunked'
    const length = firstValue(headers, 'content-length')
    if (length === undefined) return this.#options.kind === 'response' ? 'close' : 'none'
    if (!/^\d+$/.test(length)) throw new Error(`no content length: ${JSON.stringify(length)}`)
    return 'length'
  }

  #line(): string | undefined {
    const end = this.#buffer.indexOf(10)
    if (end < 0) return undefined
    const line = this.#buffer.toString('latin1', 0, end).replace(/\r$/, '')
    this.#buffer = this.#buffer.subarray(end + 1)
    return line
  }

  #takeBody(most: number): number {
    const part = this.#buffer.subarray(0, most)
    if (part.length > 0) this.#message!.parts.push(part)
    this.#buffer = this.#buffer.subarray(part.length)
    return part.length
  }

  #finish(complete: boolean): void {
    const { parts, ...rest } = this.#message!
    this.#message = undefined
    this.#step = { at: 'head' }
    if (!this.#options.onMessage({ ...rest, body: Buffer.concat(parts), complete })) this.#stopped = true
  }
}

/** The first value of a field, whatever the case of its name. */
export function firstValue(headers: SimpleMessage['headers'], name: string): string | undefined {
  return headers.find(([it]) => it.toLowerCase() === name)?.[1]
}

function field(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}
