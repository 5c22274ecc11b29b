import type {
  HandshakeHandler,
  Handshaking,
  Network,
  TlsServer,
  TlsServerSettings,
  Wire,
} from '../../core/network.ts'
import type { Channel } from '../channel.ts'
import { TICKET_KEYS_BYTES, TICKETS } from './ticket-messages.ts'

/** In a worker: a network whose TLS has the ticket keys of all workers, where a listener has not been given any of its own. */
export function withSharedTickets(channel: Channel, network: Network): Network {
  const { tlsServer } = network
  if (tlsServer === undefined) return network
  let keys: Buffer | undefined
  channel.listen(TICKETS, (message) => {
    if (message instanceof Uint8Array && message.byteLength === TICKET_KEYS_BYTES) keys = Buffer.from(message)
  })
  channel.send(TICKETS, undefined)
  return {
    connect: (options, handler) => network.connect(options, handler),
    listen: (options, onWire) => network.listen(options, onWire),
    tlsServer: (settings) =>
      new SharedTicketServer(
        settings,
        (it) => tlsServer(it),
        () => keys,
      ),
  }
}

/** Looks at each handshake whether there are other keys: nobody has to know which servers are still there. */
class SharedTicketServer implements TlsServer {
  readonly #server: TlsServer
  readonly #keys: () => Buffer | undefined
  #settings: TlsServerSettings
  #used: Buffer | undefined

  constructor(
    settings: TlsServerSettings,
    make: (settings: TlsServerSettings) => TlsServer,
    keys: () => Buffer | undefined,
  ) {
    this.#settings = settings
    this.#keys = keys
    this.#used = keys()
    this.#server = make(withKeys(settings, this.#used))
  }

  update(settings: TlsServerSettings): void {
    const keys = this.#keys()
    this.#server.update(withKeys(settings, keys))
    this.#settings = settings
    this.#used = keys
  }

  rotateTicketKeys(): void {
    // Where there are keys of all, the supervisor makes new ones.
    if (this.#used === undefined) this.#server.rotateTicketKeys()
  }

  accept(wire: Wire, early: Buffer | undefined, handler: HandshakeHandler): Handshaking {
    if (this.#keys() !== this.#used) this.update(this.#settings)
    return this.#server.accept(wire, early, handler)
  }
}

function withKeys(settings: TlsServerSettings, keys: Buffer | undefined): TlsServerSettings {
  return { ...settings, ticketKeys: settings.ticketKeys ?? keys }
}
