import { onTestFinished } from 'vitest'
import { testNetwork } from '../engine/support.ts'
import { type RawHttp2Options, RawHttp2Peer } from './raw-http2-peer.ts'

/** A service that speaks HTTP/2 with prior knowledge, frame by frame as the test says. */
export class RawHttp2Service {
  /** Every connection that came. */
  readonly peers: RawHttp2Peer[] = []
  readonly url: string
  #wake: (() => void)[] = []

  constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`
  }

  took(peer: RawHttp2Peer): void {
    this.peers.push(peer)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Waits for the n-th connection; the first is 1. */
  async connection(n = 1): Promise<RawHttp2Peer> {
    while (this.peers.length < n) await new Promise<void>((resolve) => this.#wake.push(resolve))
    return this.peers[n - 1]!
  }

  /** Waits for the head of a request on a stream of a connection. */
  async request(n: number, streamId: number): Promise<RawHttp2Peer> {
    const peer = await this.connection(n)
    await peer.until(`request ${streamId}`, () => peer.order.includes(`headers ${streamId}`))
    return peer
  }
}

/** Listens at any port. */
export async function rawHttp2Service(options: Omit<RawHttp2Options, 'side'> = {}): Promise<RawHttp2Service> {
  let service: RawHttp2Service | undefined
  const { network } = testNetwork().surroundings
  const bound = await network!.listen({ host: '127.0.0.1', port: 0 }, (wire) =>
    service!.took(new RawHttp2Peer(wire, { ...options, side: 'server' })),
  )
  const made = new RawHttp2Service(bound.address.port)
  service = made
  onTestFinished(async () => {
    await bound.close()
    for (const peer of made.peers) peer.close()
  })
  return made
}
