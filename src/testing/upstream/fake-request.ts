import type { Http2ErrorCode } from '../http2/error-codes.ts'
import { firstValue, type SimpleMessage } from '../network/simple-http1.ts'

/** A request as it came over the wire. In HTTP/2 `headers` has the pseudo-header fields too, such as `:authority`. */
export interface FakeRequest extends SimpleMessage {
  readonly method: string
  readonly target: string
  readonly version: string
  /** Values of the `:params` of the route, not decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Which connection it came on; the first is 1. */
  readonly connection: number
  /** Which stream of it; `undefined` in HTTP/1.1. */
  readonly stream: number | undefined
  /** The code by which the other side has given its stream up, once it has. */
  readonly reset: Http2ErrorCode | undefined
  /** When its head was there, by the upstream's clock, in milliseconds. */
  readonly atMs: number
  /** The first value of a field, whatever the case of its name. */
  header(name: string): string | undefined
}

const NO_BODY = Buffer.alloc(0)
const NO_PARAMS: Readonly<Record<string, string>> = {}

/** @internal A request of which the head is there. The rest follows when its last byte has come, or none will. */
export class ReceivedRequest implements FakeRequest {
  readonly startLine: string
  readonly head: string
  readonly headers: SimpleMessage['headers']
  readonly method: string
  readonly target: string
  readonly version: string
  readonly connection: number
  readonly stream: number | undefined
  readonly atMs: number
  reset: Http2ErrorCode | undefined
  params: Readonly<Record<string, string>> = NO_PARAMS
  body: Buffer = NO_BODY
  trailers: SimpleMessage['trailers'] = []
  framing: SimpleMessage['framing'] = 'none'
  chunkSizes: readonly number[] = []
  complete = false

  constructor(
    { startLine, head, headers }: Pick<SimpleMessage, 'startLine' | 'head' | 'headers'>,
    connection: number,
    atMs: number,
    stream?: number,
  ) {
    this.startLine = startLine
    this.head = head
    this.headers = headers
    const [method = '', target = '', version = ''] = startLine.split(' ')
    this.method = method
    this.target = target
    this.version = version
    this.connection = connection
    this.atMs = atMs
    this.stream = stream
  }

  /** The target without its query. */
  get path(): string {
    const query = this.target.indexOf('?')
    return query < 0 ? this.target : this.target.slice(0, query)
  }

  header(name: string): string | undefined {
    return firstValue(this.headers, name.toLowerCase())
  }

  end({
    body,
    trailers,
    framing,
    chunkSizes,
    complete,
  }: Omit<SimpleMessage, 'startLine' | 'head' | 'headers'>): void {
    this.body = body
    this.trailers = trailers
    this.framing = framing
    this.chunkSizes = chunkSizes
    this.complete = complete
  }
}
