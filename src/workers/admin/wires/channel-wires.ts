import type { Address, Wire } from '../../../core/network.ts'
import type { Channel } from '../../channel.ts'
import { ChannelWire } from './channel-wire.ts'
import { type WireMessage, wireMessage } from './wire-message.ts'

const TOPIC = 'wire'
/** Of one channel, at a time. Whoever opens more is refused. */
const MAX_WIRES = 1_000

/** The wires that one channel carries. The supervisor opens them, a worker accepts them. */
export class ChannelWires {
  /** Takes wires that the other side opens. While nobody does, they are reset. */
  onWire: ((wire: Wire) => void) | undefined
  readonly #channel: Channel
  readonly #wires = new Map<number, ChannelWire>()
  #nextNumber = 0

  constructor(channel: Channel) {
    this.#channel = channel
    channel.listen(TOPIC, (given) => {
      const message = wireMessage(given)
      if (message !== undefined) this.#came(message)
    })
    void channel.closed.then(() => {
      for (const wire of this.#wires.values()) wire.lose()
    })
  }

  /** Wires that are not over. */
  get size(): number {
    return this.#wires.size
  }

  /** Opens one at once: what is wrong with the other side shows when it answers, or does not. */
  open(): Wire {
    const number = this.#nextNumber++
    this.#channel.send(TOPIC, { wire: number, kind: 'open', remote: SUPERVISOR } satisfies WireMessage)
    return this.#add(number, WORKER, SUPERVISOR)
  }

  #came(message: WireMessage): void {
    const wire = this.#wires.get(message.wire)
    if (message.kind !== 'open') wire?.receive(message)
    else if (wire !== undefined || this.#wires.size >= MAX_WIRES || this.onWire === undefined)
      this.#channel.send(TOPIC, { wire: message.wire, kind: 'reset' } satisfies WireMessage)
    else this.onWire(this.#add(message.wire, message.remote, WORKER))
  }

  #add(number: number, remote: Address, local: Address): ChannelWire {
    const wire: ChannelWire = new ChannelWire(
      remote,
      local,
      (message) => this.#channel.send(TOPIC, { ...message, wire: number }),
      () => {
        if (this.#wires.get(number) === wire) this.#wires.delete(number)
      },
    )
    this.#wires.set(number, wire)
    return wire
  }
}

/** No sockets are there that would have an address. */
const SUPERVISOR: Address = { address: '127.0.0.1', port: 1 }
const WORKER: Address = { address: '127.0.0.1', port: 2 }
