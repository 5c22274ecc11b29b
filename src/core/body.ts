import { Readable } from 'node:stream'
import { type BodySource, BytesSource, EMPTY, IterableSource } from './body-source.ts'
import { ChunkReader } from './chunk-reader.ts'
import { ProxyError } from './errors.ts'
import { invalidOption, type Size, sizeBytes } from './options.ts'
import { OverheardSource } from './overheard-source.ts'
import { ReplayedSource } from './replayed-source.ts'
import { type Transform, transformed } from './transformed-source.ts'
import { WatchedSource } from './watched-source.ts'
import { withoutStack } from './without-stack.ts'

/** What a body can be made from: text (sent as UTF-8), bytes, chunks that come with time, or nothing. */
export type BodyInit =
  | Body
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | null
  | undefined

/**
 * The content of a message: a source, and the transforms recorded on it. Nothing is read until it is sent or one
 * of the readers below is called; it can be read once (`ERR_BODY_USED` after that), except a body made from a
 * string or bytes, which can be read again and again.
 *
 * Whoever takes a message and does not pass its body on calls `discard()`.
 */
export class Body implements AsyncIterable<Uint8Array> {
  #source: BodySource
  /** Reads the source, where it was asked that the body can be read again. */
  #replayed: ReplayedSource | undefined
  /** Whether it is one of several bodies that have the same bytes: what becomes of it says nothing about the others. */
  #ofAttempt = false
  #reading: BodySource | undefined
  #transforms: Transform[] | undefined
  #closeListeners: ((error: unknown) => void)[] | undefined
  #overhearers: readonly ((chunk: Uint8Array) => void)[] | undefined
  #used = false
  #transformed = false
  /** Whether it is the body of a service's response: what is wrong with it is not the client's fault. */
  #upstream = false

  /** @internal Use `Body.from`. */
  constructor(source: BodySource) {
    this.#source = source
  }

  /** A body without bytes. Its length is 0. */
  static empty(): Body {
    return new Body(EMPTY)
  }

  /** A body of a string (UTF-8), bytes, or chunks that come with time. */
  static from(init: BodyInit): Body {
    if (init instanceof Body) return init
    if (init === null || init === undefined || init === '') return Body.empty()
    if (typeof init === 'string') return new Body(new BytesSource(Buffer.from(init, 'utf8')))
    if (init instanceof Uint8Array) return new Body(init.byteLength === 0 ? EMPTY : new BytesSource(init))
    if (typeof init !== 'object' || !(Symbol.asyncIterator in init || Symbol.iterator in init)) {
      throw invalidOption(
        'body',
        'body',
        'a string, bytes, chunks that can be iterated, or a Body (for JSON, see respondJson)',
        init,
      )
    }
    return new Body(new IterableSource(() => init))
  }

  /** Bytes, when they are known beforehand; a transform makes them unknown. */
  get length(): number | undefined {
    return this.#transforms === undefined ? this.#source.length : undefined
  }

  /** Whether someone has taken the bytes or discarded them. */
  get used(): boolean {
    return this.#used
  }

  /** @internal Whether a transform was asked for, also where there is nothing to transform: a length that was announced is wrong. */
  get transformed(): boolean {
    return this.#transformed
  }

  /** Adds a step that the chunks go through, after those added before. Nothing runs until the body is read. */
  transform(step: Transform): this {
    if (this.#used) throw bodyUsed()
    this.#transformed = true
    if (this.#source === EMPTY) return this
    this.#transforms ??= []
    this.#transforms.push(step)
    return this
  }

  /**
   * Keeps the body while it is read, so that it can be read, and by `pool.retry` be sent, again from its first byte: up to
   * `maxBytes` (default 64 KiB). A body that turns out to be longer is passed on all the same, and cannot be sent again.
   *
   * What was recorded before (transforms, `onClose`) happens once; transforms added after it, at each reading. A body that
   * was made from a string or bytes is at hand anyway. `pool.retry` asks for this itself, with its `replayBytes`, and lets
   * go of what was kept when no attempt follows.
   *
   * @example exchange.request.body.replay({ maxBytes: '1mb' })
   *
   * @throws `ERR_OPTION_INVALID` for a size that is none, `ERR_BODY_USED` when the body was read.
   */
  replay({ maxBytes = 65_536 }: { maxBytes?: Size } = {}): this {
    const limit = sizeBytes('body.replay', 'maxBytes', maxBytes)
    const plain =
      this.#transforms === undefined && this.#closeListeners === undefined && this.#overhearers === undefined
    if (plain && this.#reusable) return this
    if (plain && this.#replayed !== undefined) {
      this.#replayed.keepUpTo(limit)
      return this
    }
    const source = this.take()
    this.#used = false
    this.#transforms = undefined
    this.#source = source
    this.#replayed = new ReplayedSource(source, limit)
    // What it gives from now on, no other body has.
    this.#ofAttempt = false
    this.#reading = undefined
    return this
  }

  /** @internal Whether it can be read from its first byte on: it was not read yet, is at hand, or was kept whole. */
  get resendable(): boolean {
    return this.#replayed?.whole ?? (this.bytes !== undefined || !this.#used)
  }

  /** @internal The same bytes as a body of one attempt's own, which may be given transforms. Of a body that `replay` was asked for. */
  again(): Body {
    const body = new Body(this.#source)
    body.#replayed = this.#replayed
    body.#ofAttempt = true
    body.#transformed = this.#transformed
    body.#upstream = this.#upstream
    return body
  }

  /** @internal Nobody will read it again: lets go of what `replay` has kept, where no other body has that too. */
  settle(reason: ProxyError): void {
    if (!this.#ofAttempt) this.#replayed?.settle(reason)
  }

  /** Calls once when the last byte has gone, or with an error when the body broke off or was dropped. */
  onClose(listener: (error: unknown) => void): this {
    if (this.#used) throw bodyUsed()
    this.#closeListeners ??= []
    this.#closeListeners.push(listener)
    return this
  }

  /**
   * The whole body. Past `maxBytes` (default 1 MiB) it rejects with `request_body_too_large`, or for the body of a
   * service's response with `upstream_body_too_large`.
   */
  async buffer({ maxBytes = 1_048_576 }: { maxBytes?: Size } = {}): Promise<Buffer> {
    const limit = sizeBytes('body', 'maxBytes', maxBytes, { unlimited: true })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of this) {
      size += chunk.byteLength
      if (size > limit)
        throw new ProxyError(this.#upstream ? 'upstream_body_too_large' : 'request_body_too_large', {
          detail: `more than ${limit} bytes`,
        })
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, size)
  }

  /** The whole body as UTF-8. Limits as in `buffer`. */
  async text(options?: { maxBytes?: Size }): Promise<string> {
    return (await this.buffer(options)).toString('utf8')
  }

  /**
   * The whole body as JSON. Limits as in `buffer`. What is no JSON rejects with `request_malformed` (400), or for the body
   * of a service's response with `upstream_response_malformed` (502).
   */
  async json(options?: { maxBytes?: Size }): Promise<unknown> {
    const text = await this.text(options)
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ProxyError(this.#upstream ? 'upstream_response_malformed' : 'request_malformed', {
        detail: 'a body that is no JSON',
        cause,
      })
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return new ChunkReader(this.take())
  }

  /** The body as a Node stream. */
  toReadable(): Readable {
    return Readable.from(this, { objectMode: false })
  }

  /** Drops the body unread. Safe to call twice, and after it was read. */
  discard(reason: ProxyError = withoutStack(discarded)): void {
    if (this.#replayed !== undefined) {
      this.#used = true
      if (this.#ofAttempt) this.#reading?.cancel(reason)
      else this.#replayed.cancel(reason)
    } else if (this.#used) this.#source.cancel(reason)
    else this.take().cancel(reason)
  }

  /**
   * @internal Shows each chunk to someone as it is passed on, as transforms have made it. Its memory is not theirs: what they
   * keep, they copy. Bytes that are at hand are shown at once. Nothing for a body that is being read already.
   */
  overhear(listener: (chunk: Uint8Array) => void): void {
    const { bytes } = this
    if (bytes !== undefined) listener(bytes)
    else this.#overhearers = [...(this.#overhearers ?? []), listener]
  }

  /** @internal Marks the body of a response: a limit that it passes is the upstream's fault. */
  fromUpstream(): this {
    this.#upstream = true
    return this
  }

  /** @internal The source behind everything recorded here. The engine's way to read a body. */
  take(): BodySource {
    const gone = this.#replayed === undefined ? this.#used && !this.#reusable : !this.#replayed.whole
    if (gone) throw bodyUsed()
    this.#used = true
    let source = this.#replayed === undefined ? this.#source : this.#replayed.read()
    if (this.#ofAttempt) this.#reading = source
    if (source instanceof BytesSource) source = source.fresh()
    if (this.#transforms !== undefined) source = transformed(source, this.#transforms)
    if (this.#overhearers !== undefined) {
      for (const listener of this.#overhearers) source = new OverheardSource(source, listener)
      this.#overhearers = undefined
    }
    if (this.#closeListeners !== undefined) {
      // Bytes can be taken again, but the body was closed once.
      source = new WatchedSource(source, this.#closeListeners)
      this.#closeListeners = undefined
    }
    return source
  }

  get #reusable(): boolean {
    return this.#replayed === undefined && (this.#source instanceof BytesSource || this.#source === EMPTY)
  }

  /** @internal The bytes of a body made from bytes, when nothing stands between them and the wire. */
  get bytes(): Uint8Array | undefined {
    if (this.#transforms !== undefined || this.#closeListeners !== undefined) return undefined
    if (this.#replayed !== undefined) return undefined
    if (this.#source === EMPTY) return NO_BYTES
    return this.#source instanceof BytesSource ? this.#source.bytes : undefined
  }
}

const NO_BYTES = new Uint8Array(0)

function discarded(): ProxyError {
  return new ProxyError('exchange_aborted', { detail: 'the body was discarded' })
}

function bodyUsed(): Error {
  return Object.assign(
    new Error('the body was read or discarded already; read it once, or buffer it and make a new one'),
    {
      code: 'ERR_BODY_USED',
    },
  )
}
