import { HeaderList } from '../../core/headers.ts'
import type { ConnectOptions, Network } from '../../core/network.ts'
import { KitError } from '../kit-error.ts'
import { rawClient } from '../network/raw-client.ts'
import type { SimpleMessage } from '../network/simple-http1.ts'
import type { Call, CallResult, ClientConnections } from './client-connections.ts'
import { type ClientRequest, type ClientRequestOptions, writeRequest } from './client-request.ts'
import { DrivenRawClient, type SimulatedRawClient } from './driven-raw-client.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import { Pending } from './pending.ts'
import type { SimulatedResponse } from './simulated-response.ts'
import type { SimulationDriver } from './simulation-driver.ts'

/** A client with an address and connections of its own. */
export interface SimulatedClient {
  /** Sends a GET. */
  get(url: string, options?: ClientRequestOptions): PendingResponse
  /** Sends a POST, with or without a body. */
  post(url: string, options?: ClientRequestOptions): PendingResponse
  /** Sends any request. */
  request(request: ClientRequest): PendingResponse
  /**
   * Opens a connection of which the test sends and reads every byte. `port` is that of a listener; default the first
   * listener's.
   */
  connect(port?: number): Pending<SimulatedRawClient>
}

/** What a client of a simulation needs of it. */
export interface ClientHost {
  readonly driver: SimulationDriver
  /** Resolves when the proxy listens. */
  readonly ready: Promise<void>
  /** The network as the client's machine sees it. */
  readonly network: Network
  /** Where the proxy listens; known when it is ready. */
  readonly listenerOf: (url: string | undefined) => ConnectOptions | undefined
  readonly connectionsTo: (at: ConnectOptions) => ClientConnections
  readonly recordOf: (result: Extract<CallResult, { kind: 'response' }>) => ExchangeRecord | undefined
  readonly opened: (raw: SimulatedRawClient) => void
}

/** @internal */
export class HostedClient implements SimulatedClient {
  readonly #host: ClientHost
  readonly #name: string

  constructor(host: ClientHost, name: string) {
    this.#host = host
    this.#name = name
  }

  get(url: string, options: ClientRequestOptions = {}): PendingResponse {
    return this.#send(`${this.#name}.get(${JSON.stringify(url)})`, { method: 'GET', ...options, url })
  }

  post(url: string, options: ClientRequestOptions = {}): PendingResponse {
    return this.#send(`${this.#name}.post(${JSON.stringify(url)})`, { method: 'POST', ...options, url })
  }

  request(request: ClientRequest): PendingResponse {
    return this.#send(`${this.#name}.request({ url: ${JSON.stringify(request.url)} })`, request)
  }

  connect(port?: number): Pending<SimulatedRawClient> {
    const { driver, ready, network, listenerOf, opened } = this.#host
    const connected = ready.then(async (): Promise<SimulatedRawClient> => {
      const raw = new DrivenRawClient(
        await rawClient(network, listenerOf(port === undefined ? undefined : `http://localhost:${port}`)!),
        driver,
      )
      opened(raw)
      return raw
    })
    return driver.pending(`${this.#name}.connect()`, connected)
  }

  #send(what: string, request: ClientRequest): PendingResponse {
    const { driver, ready, listenerOf, connectionsTo, recordOf } = this.#host
    const { promise, resolve, reject } = Promise.withResolvers<SimulatedResponse>()
    // Wrong options are told at the call.
    const checked = writeRequest(what, request, 'localhost')
    let left = false
    let call: Call | undefined
    ready.then(() => {
      if (left) return
      const at = listenerOf(request.url)
      if (at === undefined) {
        reject(new KitError(`${what}: the app has no listener with TLS`))
        return
      }
      const startedAtMs = driver.clock.now()
      const { host, port } = at
      const written =
        checked.url.startsWith('/') || checked.url === '*'
          ? writeRequest(what, request, `${host}:${port}`)
          : checked
      call = connectionsTo(at).send(written, (result) => {
        if (result.kind === 'response') {
          const durationMs = driver.clock.now() - startedAtMs
          resolve(new ReadResponse(result, durationMs, recordOf(result)))
        } else if (result.kind === 'left') reject(new KitError(`${what}: the client has left`))
        else reject(new KitError(`${what}: ${result.error.message}`, { cause: result.error }))
      })
    }, reject)
    return new PendingResponse(driver, what, promise, () => {
      left = true
      if (call === undefined) reject(new KitError(`${what}: the client has left`))
      else call.leave()
    })
  }
}

/** How long, in virtual time, a response may take. */
const LIMIT_MS = 3_600_000

/** A response that is on its way: await it. */
export class PendingResponse extends Pending<SimulatedResponse> {
  readonly #leave: () => void
  readonly #driver: SimulationDriver

  /** @internal */
  constructor(driver: SimulationDriver, what: string, result: Promise<SimulatedResponse>, leave: () => void) {
    super(driver, what, result, LIMIT_MS)
    this.#driver = driver
    this.#leave = leave
    driver.asked(this)
  }

  /** The client resets its connection. Whoever awaits the response gets an error; nobody has to. */
  leave(): void {
    if (this.settled) return
    this.#driver.excuse(this)
    this.#leave()
  }

  get status(): never {
    return this.#notYet('status')
  }

  get headers(): never {
    return this.#notYet('headers')
  }

  get body(): never {
    return this.#notYet('body')
  }

  get reason(): never {
    return this.#notYet('reason')
  }

  get trailers(): never {
    return this.#notYet('trailers')
  }

  get informational(): never {
    return this.#notYet('informational')
  }

  get complete(): never {
    return this.#notYet('complete')
  }

  get durationMs(): never {
    return this.#notYet('durationMs')
  }

  get exchange(): never {
    return this.#notYet('exchange')
  }

  text(): never {
    return this.#notYet('text()')
  }

  json(): never {
    return this.#notYet('json()')
  }

  #notYet(name: string): never {
    throw new KitError(`there is no ${name} yet: write \`await ${this.what}\``)
  }
}

class ReadResponse implements SimulatedResponse {
  readonly status: number
  readonly reason: string
  readonly body: Buffer
  readonly complete: boolean
  readonly durationMs: number
  readonly exchange: ExchangeRecord | undefined
  readonly #message: SimpleMessage
  readonly #informational: readonly SimpleMessage[]
  #headers: HeaderList | undefined

  constructor(
    { message, status, informational }: Extract<CallResult, { kind: 'response' }>,
    durationMs: number,
    exchange: ExchangeRecord | undefined,
  ) {
    this.status = status
    this.reason = message.startLine.slice(13)
    this.body = message.body
    this.complete = message.complete
    this.durationMs = durationMs
    this.exchange = exchange
    this.#message = message
    this.#informational = informational
  }

  get headers(): HeaderList {
    this.#headers ??= HeaderList.from(this.#message.headers)
    return this.#headers
  }

  get trailers(): HeaderList {
    return HeaderList.from(this.#message.trailers)
  }

  get informational(): SimulatedResponse['informational'] {
    return this.#informational.map(({ startLine, headers }) => ({
      status: Number(startLine.slice(9, 12)),
      headers: HeaderList.from(headers),
    }))
  }

  text(): string {
    return this.body.toString('utf8')
  }

  json(): unknown {
    try {
      return JSON.parse(this.text())
    } catch (error) {
      throw new SyntaxError(`the body is no JSON: ${JSON.stringify(this.text().slice(0, 200))}`, {
        cause: error,
      })
    }
  }
}
