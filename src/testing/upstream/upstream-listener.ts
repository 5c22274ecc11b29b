import type { Address, BoundListener, Network, Wire } from '../../core/network.ts'
import { type AskedListenOptions, asksListeners } from '../network/memory-network.ts'

interface UpstreamListenerOptions {
  readonly network: Pick<Network, 'listen'>
  readonly host: string
  readonly port: number
  /** Protocols that can be agreed on by TLS, the one preferred first. Heeded where the network pretends TLS. */
  readonly alpn: () => readonly string[]
  /** Whether to take the next connection. Asked where the network asks for it. */
  readonly accepts: () => boolean
  readonly onWire: (wire: Wire) => void
  /** What goes wrong when it opens anew. */
  readonly onError: (error: unknown) => void
}

/**
 * @internal Where a fake upstream is reached, and whether. A network in memory asks, connection by connection; any other
 * refuses them only while nobody listens, so there the listener is closed, and opened anew at the same port.
 */
export class UpstreamListener {
  /** Whether single connections can be refused. */
  readonly asked: boolean
  readonly #options: UpstreamListenerOptions
  readonly #asking: () => boolean
  #state: 'idle' | 'running' | 'closed' = 'idle'
  #address: Address | undefined
  #bound: BoundListener | undefined
  #opening: Promise<void> | undefined
  #blocks = 0

  constructor(options: UpstreamListenerOptions) {
    this.#options = options
    this.asked = asksListeners(options.network)
    this.#asking = () => this.#blocks === 0 && options.accepts()
  }

  /** `undefined` where any port will do and none was taken yet. */
  get port(): number | undefined {
    const { port } = this.#address ?? this.#options
    return port === 0 ? undefined : port
  }

  async start(): Promise<void> {
    if (this.#state === 'running') throw new Error('fakeUpstream: it is started already')
    this.#state = 'running'
    try {
      this.#bound = await this.#listen(this.#options.port)
    } catch (error) {
      this.#state = 'idle'
      throw error
    }
    this.#address = this.#bound.address
    this.#reconcile()
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#address = undefined
    await this.#opening
    const bound = this.#bound
    this.#bound = undefined
    await bound?.close()
  }

  /** Refuses connections until each call's result has been called. */
  block(): () => void {
    let blocked = true
    this.#blocks++
    this.#reconcile()
    return () => {
      if (!blocked) return
      blocked = false
      this.#blocks--
      this.#reconcile()
    }
  }

  #listen(port: number): Promise<BoundListener> {
    const { network, host, alpn, onWire } = this.#options
    const options: AskedListenOptions = { host, port, alpn, accepts: this.#asking }
    return network.listen(options, onWire)
  }

  /** Closes or opens, if that is what is wanted now. Closes at once, so that a connection made next is refused. */
  #reconcile(): void {
    if (this.asked || this.#address === undefined || this.#opening !== undefined) return
    const { onError } = this.#options
    if (this.#blocks > 0) {
      this.#bound?.destroy()
      this.#bound = undefined
    } else if (this.#bound === undefined) {
      this.#opening = this.#listen(this.#address.port).then(
        (bound) => {
          this.#opening = undefined
          this.#bound = bound
          this.#reconcile()
        },
        (error) => {
          this.#opening = undefined
          onError(error)
        },
      )
    }
  }
}
