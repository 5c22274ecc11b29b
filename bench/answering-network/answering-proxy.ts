import { type Filter, type Pool, proxy, type RunningProxy, type Surroundings } from 'gatewright'
import { MessageWire } from './message-wire.ts'

type Network = Surroundings['network']
type Wire = Parameters<Parameters<Network['listen']>[1]>[0]

const CONNECTIONS = 64

export interface AnsweringProxyOptions {
  readonly users: Pool
  readonly filters: readonly Filter[]
  /** What each client sends, again as soon as it was answered. Default a GET with three fields. */
  readonly request?: Buffer
  /** What each service answers to whatever it is asked. Default 200 with 1 KiB of text. */
  readonly response?: Buffer
  /** Each client must be answered with it: what fails is not to be measured. Default that of `response`. */
  readonly status?: number
}

const REQUEST = Buffer.from(
  'GET /users/7 HTTP/1.1\r\nHost: users.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n',
)
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`,
)

function statusOf(response: Buffer): number {
  return Number(response.toString('latin1', STATUS_AT, STATUS_AT + 3))
}

/** In a response, and in its head. */
const STATUS_AT = 'HTTP/1.1 '.length

/**
 * A whole proxy on a network in memory, between clients that ask again as soon as they were answered, and services that
 * answer at once. What it costs is the CPU time of the engine alone, without the system's part.
 */
export class AnsweringProxy {
  readonly #running: RunningProxy
  readonly #clients: readonly MessageWire[]
  readonly #request: Buffer
  readonly #status: string
  #left = 0
  #done = Promise.withResolvers<void>()

  private constructor(running: RunningProxy, accept: (wire: Wire) => void, request: Buffer, status: number) {
    this.#running = running
    this.#request = request
    this.#status = String(status)
    this.#clients = Array.from({ length: CONNECTIONS }, (_, port) => {
      const wire = new MessageWire(port, {
        message: (head) => this.#answered(wire, head),
        closed: () => this.#done.reject(new Error('the proxy closed the connection of a client')),
      })
      accept(wire)
      return wire
    })
  }

  static async start({
    users,
    filters,
    request = REQUEST,
    response = RESPONSE,
    status = statusOf(response),
  }: AnsweringProxyOptions): Promise<AnsweringProxy> {
    let accept: ((wire: Wire) => void) | undefined
    const network: Network = {
      connect(_, handler) {
        const wire: MessageWire = new MessageWire(0, {
          message: () => void wire.handler.onData(response),
          closed: () => {},
        })
        queueMicrotask(() => handler.onConnect(wire))
        return { cancel: () => {} }
      },
      async listen(_, onWire) {
        accept = onWire
        return { address: { address: '127.0.0.1', port: 80 }, close: async () => {}, destroy: () => {} }
      },
    }
    // A row may wait for its turn for long.
    const running = await proxy()
      .listen({ port: 80, limits: { headMs: '1h', keepAliveMs: '1h' } })
      .route('/', ...filters, users)
      .start({ signals: false, surroundings: { network } })
    return new AnsweringProxy(running, accept!, request, status)
  }

  /** Of so many exchanges. Rejects when one of them is not answered as it should be. */
  async cpuUsPerExchange(exchanges: number): Promise<number> {
    this.#left = exchanges
    this.#done = Promise.withResolvers()
    const before = process.cpuUsage()
    for (const client of this.#clients) this.#ask(client)
    await this.#done.promise
    const { user, system } = process.cpuUsage(before)
    return (user + system) / exchanges
  }

  async close(): Promise<void> {
    await this.#running.close()
  }

  #ask(client: MessageWire): void {
    client.handler.onData(this.#request)
  }

  #answered(client: MessageWire, head: string): void {
    if (!head.startsWith(this.#status, STATUS_AT)) this.#done.reject(new Error(`answered with: ${head}`))
    this.#left--
    if (this.#left >= CONNECTIONS) this.#ask(client)
    else if (this.#left === 0) this.#done.resolve()
  }
}
