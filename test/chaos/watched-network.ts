import type {
  BoundListener,
  ConnectHandler,
  Connecting,
  ConnectOptions,
  ListenOptions,
  Network,
  Wire,
} from '../../src/core/network.ts'

/** Two reads of 64 KiB and what goes around them: the most that may wait on a wire whose peer does not read. */
const MOST_PENDING_BYTES = 140_000

/** The network as the proxy sees it. Tells of wires on which more waits than a proxy that heeds its readers lets wait. */
export class WatchedNetwork implements Network {
  readonly violations: string[] = []
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
  }

  connect(options: ConnectOptions, handler: ConnectHandler): Connecting {
    return this.#network.connect(options, {
      onConnect: (wire) => handler.onConnect(this.#watched(wire, `the connection to ${options.host}`)),
      onSecuring: () => handler.onSecuring?.(),
      onConnectError: (error) => handler.onConnectError(error),
    })
  }

  listen(options: ListenOptions, onWire: (wire: Wire) => void): Promise<BoundListener> {
    return this.#network.listen(options, (wire) =>
      onWire(this.#watched(wire, `the client's connection to port ${options.port}`)),
    )
  }

  #watched(wire: Wire, name: string): Wire {
    const write = wire.write.bind(wire)
    let told = false
    wire.write = (data) => {
      const more = write(data)
      if (wire.pendingBytes > MOST_PENDING_BYTES && !told) {
        told = true
        this.violations.push(`${wire.pendingBytes} bytes wait on ${name}, which takes none`)
      }
      return more
    }
    return wire
  }
}
