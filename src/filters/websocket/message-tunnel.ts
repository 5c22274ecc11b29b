import type { Exchange } from '../../core/exchange.ts'
import type { Tunnel, TunnelEnd, Wire } from '../../core/network.ts'
import { CloseCode } from './close-code.ts'
import type { Agreement } from './compression.ts'
import { MessageRelay, type RelaySettings } from './message-relay.ts'
import { wirePair } from './wire-pair.ts'
import type { WsParts } from './ws-parts.ts'

/** A tunnel whose frames are read: stands before the one to the service. */
export class MessageTunnel implements Tunnel {
  readonly #inner: Tunnel
  readonly #ws: WsParts
  readonly #agreement: Agreement
  readonly #settings: RelaySettings
  readonly #exchange: Exchange
  #relay: MessageRelay | undefined

  constructor(inner: Tunnel, ws: WsParts, agreement: Agreement, settings: RelaySettings, exchange: Exchange) {
    this.#inner = inner
    this.#ws = ws
    this.#agreement = agreement
    this.#settings = settings
    this.#exchange = exchange
  }

  get protocol(): string {
    return this.#inner.protocol
  }

  join(downstream: Wire, early: Buffer | undefined, onClose: (end: TunnelEnd) => void): void {
    const [outer, upstream] = wirePair(downstream)
    const relay = new MessageRelay(
      { downstream, upstream },
      this.#ws,
      this.#agreement,
      this.#settings,
      this.#exchange,
      onClose,
    )
    this.#relay = relay
    downstream.handler = relay.client
    upstream.handler = relay.upstream
    this.#inner.join(outer, undefined, (end) => relay.upstreamClosed(end))
    downstream.resume()
    if (early !== undefined && early.length > 0) relay.client.onData(early)
  }

  drain(): void {
    this.#relay?.leave({ client: CloseCode.goingAway, upstream: CloseCode.goingAway }, '', undefined)
  }

  abort(): void {
    this.#inner.abort()
  }
}
