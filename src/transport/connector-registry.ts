import { createHash } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { ConnectOptions, Network, TlsConnectOptions } from '../core/network.ts'
import { Connector } from './connector.ts'
import type { EndpointProtocol } from './endpoint-protocol.ts'
import type { UpstreamLimits } from './upstream-limits.ts'

/**
 * The connectors of a running proxy, one for each endpoint identity: scheme, host, port, TLS facts and limits. Pools that
 * name the same endpoint share its connections, and a reload keeps them.
 */
export class ConnectorRegistry {
  readonly protocol: EndpointProtocol
  readonly #network: Network
  readonly #clock: Clock
  readonly #entries = new Map<string, { readonly connector: Connector; users: number }>()

  #wires = 0
  #disconnected: (() => void) | undefined

  /** `protocol` is that of all endpoints: a running proxy has one. */
  constructor(network: Network, clock: Clock, protocol: EndpointProtocol = 'http') {
    this.protocol = protocol
    this.#network = network
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  /** `protocol` is what it is to speak, where that is not what all endpoints do: a probe by HTTP, for example. */
  acquire(
    target: ConnectOptions,
    limits: UpstreamLimits,
    protocol: EndpointProtocol = this.protocol,
  ): Connector {
    const key = identity(target, limits, protocol)
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = {
        connector: new Connector(target, this.#network, this.#clock, limits, this.onWires, protocol),
        users: 0,
      }
      this.#entries.set(key, entry)
    }
    entry.users++
    return entry.connector
  }

  /** The last one who lets go of a connector closes it, and what runs on it. */
  release(target: ConnectOptions, limits: UpstreamLimits, protocol: EndpointProtocol = this.protocol): void {
    this.#letGo(target, limits, protocol)?.destroy()
  }

  /** The last one who lets go of a connector has it finish what runs on it. Whoever asks for it later gets another one. */
  retire(target: ConnectOptions, limits: UpstreamLimits, protocol: EndpointProtocol = this.protocol): void {
    this.#letGo(target, limits, protocol)?.retire()
  }

  /** Gives the connector, if nobody uses it any more. */
  #letGo(target: ConnectOptions, limits: UpstreamLimits, protocol: EndpointProtocol): Connector | undefined {
    const key = identity(target, limits, protocol)
    const entry = this.#entries.get(key)
    if (entry === undefined || --entry.users > 0) return undefined
    this.#entries.delete(key)
    return entry.connector
  }

  /** Resolves when no connection is left. */
  async disconnected(): Promise<void> {
    if (this.#wires === 0) return
    await new Promise<void>((resolve) => {
      this.#disconnected = resolve
    })
  }

  /** Told of each wire to a service that is opened, and that is closed for good: of those too that no connector keeps. */
  readonly onWires = (change: 1 | -1): void => {
    this.#wires += change
    if (this.#wires === 0) this.#disconnected?.()
  }
}

/** A structured key: no two identities can be glued together to the same text. */
function identity(target: ConnectOptions, limits: UpstreamLimits, protocol: EndpointProtocol): string {
  return JSON.stringify([
    protocol,
    targetKey(target),
    Object.entries(limits).map(([name, value]) => [name, String(value)]),
  ])
}

/** The same text for targets that are the same: host, port, and what TLS there is to be. */
export function targetKey({ host, port, tls }: ConnectOptions): string {
  return JSON.stringify([host, port, tls === undefined ? null : tlsIdentity(tls)])
}

/** A hash: a private key may be among the options. */
function tlsIdentity(tls: TlsConnectOptions): string {
  const options = Object.entries(tls)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => [name, [value].flat().map(textOf)])
  return createHash('sha256').update(JSON.stringify(options)).digest('base64')
}

function textOf(value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value
}
