import { integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { FakeRequest } from './fake-request.ts'

/** Fields of a head, or of trailers, in the order given. */
export type FieldInit =
  | Readonly<Record<string, string | readonly string[]>>
  | readonly (readonly [string, string])[]

/** What is sent back. What it says is not checked for sense, so that wrong answers can be given. */
export interface FakeReply {
  /** Default 200. */
  readonly status?: number | undefined
  readonly reason?: string | undefined
  /** Framing fields are added unless some are given. */
  readonly headers?: FieldInit | undefined
  /** A string goes as UTF-8. Chunks are sent one by one, as fast as they are taken. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** A body of JSON, with its `Content-Type`. Not together with `body`. */
  readonly json?: unknown
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
  /** After this reply (a 101; by HTTP/2, one to CONNECT) all bytes of the connection, or of the stream, come here. */
  readonly tunnel?: FakeTunnel | FakeTunnel['data'] | undefined
}

/** What a service does with a tunnel. */
export interface FakeTunnel {
  /** It is open: the reply was sent. */
  readonly open?: ((peer: TunnelPeer) => void) | undefined
  readonly data: (bytes: Buffer, peer: TunnelPeer) => void
  /** The other side has ended, or the connection is over. Called once. */
  readonly end?: ((peer: TunnelPeer) => void) | undefined
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

/** @internal */
export function tunnelOf({ tunnel }: FakeReply): FakeTunnel | undefined {
  return typeof tunnel === 'function' ? { data: tunnel } : tunnel
}

export type FakeAnswer = FakeReply | ((request: FakeRequest) => FakeReply | Promise<FakeReply>)

const OPTIONS = [
  'status',
  'reason',
  'headers',
  'body',
  'json',
  'trailers',
  'framing',
  'informational',
  'delayMs',
  'raw',
  'after',
  'tunnel',
]

/** @internal @throws `ERR_OPTION_INVALID` for what is no answer. */
export function checkedAnswer(owner: string, answer: FakeAnswer): FakeAnswer {
  return typeof answer === 'function' ? answer : checkedReply(owner, answer)
}

/** @internal A reply whose `json` has become a body. */
export function checkedReply(owner: string, reply: FakeReply): FakeReply {
  if (typeof reply !== 'object' || reply === null)
    throw invalidOption(
      owner,
      'answer',
      'an object such as { status: 503, body: "busy" }, or a function',
      reply,
    )
  knownOptions(owner, reply, OPTIONS)
  const { status, body, json, ...rest } = reply
  if (status !== undefined) integer(owner, 'status', status, { min: 100, max: 999 })
  if (!isBody(body))
    throw invalidOption(owner, 'body', 'text, bytes or chunks; give an object as "json"', body)
  if (json === undefined) return reply
  if (body !== undefined) throw invalidOption(owner, 'json', 'given without "body"', json)
  const fields = fieldsOf(rest.headers)
  if (!fields.some(([name]) => name.toLowerCase() === 'content-type'))
    fields.unshift(['Content-Type', 'application/json'])
  return { ...rest, ...(status === undefined ? {} : { status }), headers: fields, body: JSON.stringify(json) }
}

function isBody(body: unknown): boolean {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return true
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

/** @internal Fields as pairs. A new list each time. */
export function fieldsOf(init: FieldInit | undefined): [string, string][] {
  if (init === undefined) return []
  if (Array.isArray(init)) return [...(init as readonly [string, string][])]
  return Object.entries(init as Readonly<Record<string, string | readonly string[]>>).flatMap(
    ([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  )
}
