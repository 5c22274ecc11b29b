import type { BodySink, BodySource } from '../core/body-source.ts'
import { ProxyError } from '../core/errors.ts'
import { FieldKind, NOT_IN_TRAILERS } from '../core/field-name.ts'
import { HeaderList } from '../core/headers.ts'
import type { NodeRequest } from './node-request-head.ts'

/** Whoever serves the request that the body is of. */
export interface NodeRequestBodyOwner {
  /** Someone wants the body now. */
  bodyOpened(): void
  /** Its reader asks for a pause. */
  bodyPaused(): void
  bodyResumed(): void
  /** More has come than may. */
  bodyTooLarge(): void
  /** More has come that nobody wants than is read for the connection's sake. Nothing more is read. */
  bodyUnwanted(): void
}

export interface NodeRequestBodyLimits {
  /** What may come in all. */
  readonly bodyBytes: number
  /** What may come that nobody wants, so that the connection can be kept. */
  readonly drainBytes: number
}

/** The body of a request that a server of Node's reads. */
export class NodeRequestBody implements BodySource {
  readonly length: number | undefined
  readonly #request: NodeRequest
  readonly #owner: NodeRequestBodyOwner
  readonly #limits: NodeRequestBodyLimits
  #sink: BodySink | undefined
  #opened = false
  #paused = false
  /** What comes is dropped: so much more may. */
  #dropLeft: number | undefined
  #over = false
  received = 0

  constructor(
    request: NodeRequest,
    length: number | undefined,
    owner: NodeRequestBodyOwner,
    limits: NodeRequestBodyLimits,
  ) {
    this.#request = request
    this.length = length
    this.#owner = owner
    this.#limits = limits
  }

  /** Whether someone reads it, and more is to come. */
  get wanted(): boolean {
    return this.#sink !== undefined && !this.#over
  }

  open(sink: BodySink): void {
    if (this.#over) return
    this.#sink = sink
    this.#listen()
    this.#owner.bodyOpened()
    // Other middleware may have paused it, too, for the time that it took.
    if (this.#paused) this.#request.pause()
    else this.#request.resume()
  }

  pause(): void {
    if (this.#over || this.#paused) return
    this.#paused = true
    if (this.#opened) this.#request.pause()
    this.#owner.bodyPaused()
  }

  resume(): void {
    if (this.#over || !this.#paused) return
    this.#paused = false
    this.#owner.bodyResumed()
    if (this.#opened) this.#request.resume()
  }

  cancel(): void {
    this.#sink = undefined
    this.dropRest()
  }

  /** It breaks off; its reader is told. */
  fail(error: ProxyError): void {
    const sink = this.#sink
    this.#sink = undefined
    sink?.onError(error)
  }

  /** Reads on and drops it, up to a limit, past which nothing more is read. */
  dropRest(): void {
    if (this.#over || this.#dropLeft !== undefined) return
    this.#dropLeft = this.#limits.drainBytes
    this.#listen()
    this.#request.resume()
  }

  /** Whether it has not all come, and nobody reads what is to come. */
  get stuck(): boolean {
    return !this.#over && (this.#dropLeft ?? 0) < 0
  }

  #listen(): void {
    if (this.#opened) return
    this.#opened = true
    const request = this.#request
    request.on('data', (chunk: Buffer) => this.#chunk(chunk))
    request.on('end', () => this.#end())
  }

  #chunk(chunk: Buffer): void {
    this.received += chunk.length
    if (this.#dropLeft !== undefined) {
      this.#dropLeft -= chunk.length
      if (this.#dropLeft >= 0) return
      this.#request.pause()
      this.#owner.bodyUnwanted()
      return
    }
    if (this.received > this.#limits.bodyBytes) {
      this.dropRest()
      this.#owner.bodyTooLarge()
      return
    }
    this.#sink?.onChunk(chunk)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    const sink = this.#sink
    this.#sink = undefined
    let trailers: HeaderList | undefined
    try {
      trailers = trailersOf(this.#request)
    } catch (cause) {
      sink?.onError(new ProxyError('request_malformed', { detail: 'trailers that are none', cause }))
      return
    }
    sink?.onEnd(trailers)
  }
}

/** Without what cannot be one. */
function trailersOf({ rawTrailers }: NodeRequest): HeaderList | undefined {
  if (rawTrailers.length === 0) return undefined
  const list = new HeaderList()
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) list.append(rawTrailers[i]!, rawTrailers[i + 1]!)
  if (list.hasKind(FieldKind.framing | FieldKind.host))
    throw new TypeError('a field in trailers that frames or routes the message')
  return list.hasKind(NOT_IN_TRAILERS) ? withoutForbidden(list) : list
}

function withoutForbidden(list: HeaderList): HeaderList {
  for (const { lower, kind } of [...list.fields]) if ((kind & NOT_IN_TRAILERS) !== 0) list.delete(lower)
  return list
}

/**
 * Why the body of a request cannot be read any more, where other middleware has read it; or the whole of it, where that has kept
 * it as it came.
 */
export function takenBody(
  request: NodeRequest,
  length: number | undefined,
): Uint8Array | ProxyError | undefined {
  const taken =
    request.readableDidRead ||
    request.readableEnded ||
    request.readableFlowing === true ||
    request.listenerCount('readable') > 0 ||
    request.destroyed
  if (!taken) return undefined
  const { rawBody, body } = request as { rawBody?: unknown; body?: unknown }
  const encoded = request.headers['content-encoding'] !== undefined
  for (const kept of [rawBody, body])
    if (kept instanceof Uint8Array && (length === undefined ? !encoded : kept.byteLength === length))
      return kept
  return new ProxyError('internal_error', { cause: new BodyTakenError() })
}

/** Told to whoever runs the server: the client can do nothing about it. */
class BodyTakenError extends Error {
  readonly code = 'ERR_BODY_TAKEN'

  constructor() {
    super(
      'other middleware, a body parser for example, has read the request before the proxy got it: place the proxy before it, keep the parser to other paths, or have it keep the bytes as they came (express.raw(), or a "verify" that sets req.rawBody)',
    )
    this.name = 'BodyTakenError'
  }
}
