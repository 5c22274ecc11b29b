import type { FakeRequest } from './fake-request.ts'

/** Fields of a head, or of trailers, in the order given. */
export type FieldInit =
  | Readonly<Record<string, string | readonly string[]>>
  | readonly (readonly [string, string])[]

/** What is sent back. Nothing of it is checked, so that wrong answers can be given. */
export interface FakeReply {
  /** Default 200. */
  readonly status?: number | undefined
  readonly reason?: string | undefined
  /** Framing fields are added unless some are given. */
  readonly headers?: FieldInit | undefined
  /** A string goes as UTF-8. Chunks are sent one by one, as fast as they are taken. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** Makes the framing `chunked`. */
  readonly trailers?: FieldInit | undefined
  /** Default `length` for a body that is there, else `chunked`. */
  readonly framing?: 'length' | 'chunked' | 'close' | undefined
  /** Interim (1xx) responses that go first. */
  readonly informational?: readonly { readonly status: number; readonly headers?: FieldInit }[] | undefined
  /** Waits before anything is sent. */
  readonly delayMs?: number | undefined
  /** Sent in place of head and body, byte for byte; a string as latin1. */
  readonly raw?: string | Uint8Array | undefined
  /** What becomes of the connection. Default `keep`, or `end` where the messages ask for it. */
  readonly after?: 'keep' | 'end' | 'close' | 'reset' | undefined
  /** After this reply (a 101) all bytes of the connection come here. */
  readonly tunnel?: ((bytes: Buffer, peer: TunnelPeer) => void) | undefined
}

/** The other end of a tunnel. */
export interface TunnelPeer {
  /** A string goes as latin1. */
  write(bytes: string | Uint8Array): void
  /** Ends its own side; what comes from the other still arrives. */
  end(): void
  /** Closes with a reset. */
  reset(): void
}

export type FakeAnswer = FakeReply | ((request: FakeRequest) => FakeReply | Promise<FakeReply>)
