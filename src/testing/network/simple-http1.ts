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
  /** What said where the body ends. `frames`: HTTP/2. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close' | 'frames'
  /** Sizes of the chunks as they were sent, or of the DATA frames; empty in any other framing. */
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
  /** Chunks are the reader's from then on, so that it need not copy them. Default `false`. */
  readonly ownsChunks?: boolean | undefined
}

const NOTHING = Buffer.alloc(0)
const CR = 13
const LF = 10

/**
 * Reads HTTP/1 messages the simple way: for the far ends of a test, which must not share code, and mistakes, with
 * the parser under test. It takes nearly everything; what makes no sense at all it throws on.
 */
export class SimpleReader {
  readonly #options: SimpleReaderOptions
  #buffer: Buffer = NOTHING
  /** Up to here there is no end of a head. */
  #searched = 0
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
    if (this.#buffer.length > 0) this.#buffer = Buffer.concat([this.#buffer, chunk])
    else if (this.#options.ownsChunks === true && Buffer.isBuffer(chunk)) this.#buffer = chunk
    else this.#buffer = Buffer.from(chunk)
    while (!this.#stopped && this.#advance());
  }

  /** Reads on after `onMessage` said `false`. */
  resume(): void {
    if (!this.#stopped) return
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
    while (this.#buffer[0] === CR || this.#buffer[0] === LF) this.#buffer = this.#buffer.subarray(1)
    const length = endOfHead(this.#buffer, this.#searched)
    // The end may be cut in two: at most three of its bytes are there.
    this.#searched = length === undefined ? Math.max(0, this.#buffer.length - 3) : 0
    if (length === undefined) return false
    const head = this.#buffer.toString('latin1', 0, length)
    this.#buffer = this.#buffer.length === length ? NOTHING : this.#buffer.subarray(length)
    const [startLine = '', ...lines] = linesOf(head)
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
    const coding = firstValue(headers, 'transfer-encoding')
    if (coding !== undefined && /chunked/i.test(coding)) return 'chunked'
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
    if (most === 0 || this.#buffer.length === 0) return 0
    const part = this.#buffer.subarray(0, most)
    this.#message!.parts.push(part)
    this.#buffer = this.#buffer.subarray(part.length)
    return part.length
  }

  #finish(complete: boolean): void {
    const { startLine, head, headers, framing, parts, chunkSizes, trailers } = this.#message!
    const body = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    this.#message = undefined
    this.#step = { at: 'head' }
    const message = { startLine, head, headers, body, trailers, framing, chunkSizes, complete }
    if (!this.#options.onMessage(message)) this.#stopped = true
  }
}

/** The first value of a field, whatever the case of its name. */
export function firstValue(headers: SimpleMessage['headers'], name: string): string | undefined {
  for (const [it, value] of headers) {
    if (it.length === name.length && it.toLowerCase() === name) return value
  }
  return undefined
}

/** Where a head ends, its empty line included: at two line ends in a row, with or without their CR. */
function endOfHead(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return undefined
}

/** The lines of a head, without the empty one at its end. */
function linesOf(head: string): string[] {
  const lines = head.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  // What is behind the last line end, and the empty line.
  return lines.slice(0, -2)
}

function field(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}
