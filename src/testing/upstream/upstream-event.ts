import type { Http2ErrorCode } from '../http2/error-codes.ts'
import type { Fault } from './fault.ts'

/**
 * @internal What a fake upstream tells of itself, at once. `connection` is a connection's number; 0 for one that was
 * refused, which has none.
 */
export type UpstreamEvent =
  | { readonly kind: 'connection-opened' | 'connection-closed'; readonly connection: number }
  /** A request is whole. */
  | {
      readonly kind: 'request'
      readonly connection: number
      readonly stream: number | undefined
      readonly method: string
      readonly target: string
      readonly bodyBytes: number
    }
  | { readonly kind: 'fault'; readonly fault: Fault['kind']; readonly connection: number }
  /** The other side has given a stream up. */
  | {
      readonly kind: 'stream-reset'
      readonly connection: number
      readonly stream: number
      readonly code: Http2ErrorCode
    }
  /** All that is sent of a response was sent: so many bytes, interim responses included. `status` is 0 for what is none. */
  | {
      readonly kind: 'response'
      readonly status: number
      readonly connection: number
      readonly stream: number | undefined
      readonly bytes: number
    }
