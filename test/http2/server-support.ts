import { onTestFinished } from 'vitest'
import type { ProxyError } from '../../src/core/errors.ts'
import {
  type Gateway,
  type GatewayOptions,
  gateway,
  type RawUpstream,
  testNetwork,
} from '../engine/support.ts'
import { type RawHttp2Options, type RawHttp2Peer, rawHttp2Client } from './raw-http2-peer.ts'

/** A proxy under test, and the requests that it could not read. */
export interface Http2Gateway extends Gateway {
  readonly refused: readonly ProxyError[]
}

/** As `gateway`, with a look at what is refused. */
export async function http2Gateway(
  upstreams: RawUpstream | string,
  options: GatewayOptions = {},
): Promise<Http2Gateway> {
  const refused: ProxyError[] = []
  const app = await gateway(upstreams, {
    ...options,
    observer: { requestRefused: (error) => void refused.push(error) },
  })
  return Object.defineProperty(app, 'refused', { value: refused }) as Http2Gateway
}

/** Connects to the proxy, with HTTP/2. */
export async function http2Client(
  to: { readonly url: string },
  options?: RawHttp2Options,
): Promise<RawHttp2Peer> {
  const { network } = testNetwork().surroundings
  const client = await rawHttp2Client(network!, to.url, options)
  onTestFinished(() => client.close())
  return client
}
