import type { Clock } from '../core/clock.ts'
import type { HeadersInit } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { TlsConnectOptions } from '../core/network.ts'
import type { Random } from '../core/random.ts'
import type { EndpointOptions } from './endpoint-spec.ts'

/** What a source has of the proxy: its time, chance and network, real when it serves, and virtual in a simulation. */
export interface SourceSurroundings {
  readonly clock: Clock
  readonly random: Random
  /**
   * Asks for a url (`http:` or `https:`, with path and query) on a connection of its own. Resolves with the head of the
   * response, whatever its status; the body is there to be read as it comes, and whoever does not read it to its end calls
   * `body.discard()`. All of it ends with the signal, and with that of the source.
   *
   * Rejects with a `ProxyError` where there is no response, `ERR_OPTION_INVALID` for what is no such url.
   */
  readonly get: (url: string, options?: SourceGetOptions) => Promise<ResponseMessage>
  /**
   * Tells of an answer that no list is made of, such as one that makes no sense: the last list stays. It is an event
   * `list-refused` of the pool, and a warning in the log. To tell it once, and not at each look, is up to the source.
   */
  readonly refused: (error: Error) => void
  /**
   * Tells that it has failed, and asks again after `retryMs`: for sources that wait by themselves in the place of throwing. It
   * is an event `source-failed` of the pool, and a warning in the log.
   */
  readonly failed: (error: unknown, retryMs: number) => void
}

/** How a source asks for a url. */
export interface SourceGetOptions {
  /** `Host`, and what frames messages, is not among them. */
  readonly headers?: HeadersInit
  /** How an `https:` connection is made safe. */
  readonly tls?: TlsConnectOptions
  /** The longest silence before the head of the response, and between two pieces of its body. Default 30 s. */
  readonly idleMs?: number
  /** How long all of it may take, to the last byte of the body. Default: as long as it likes, which a stream of news needs. */
  readonly limitMs?: number
}

/**
 * Gives the endpoints of a pool while it runs: each value is the whole list, which replaces the one before.
 *
 * It is called when the proxy starts; `signal` aborts when the pool ends, and after a failure. One that throws is called
 * again, after a time that doubles from 1 s to 30 s. One that ends has no more to say: its last list stays. An empty list
 * empties the pool: who is not sure of it gives none, and says so with `refused`.
 *
 * @example
 * async function* fromFile(signal: AbortSignal) {
 *   yield JSON.parse(await readFile('endpoints.json', 'utf8'))
 *   for await (const _ of watch('endpoints.json', { signal })) yield JSON.parse(await readFile('endpoints.json', 'utf8'))
 * }
 * pool(fromFile)
 */
export type EndpointSource = (
  signal: AbortSignal,
  surroundings: SourceSurroundings,
) => AsyncIterable<readonly (string | EndpointOptions)[]>
