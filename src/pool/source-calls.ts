import { ProxyError } from '../core/errors.ts'
import { Exchange, type ExchangeHost, NOBODY } from '../core/exchange.ts'
import { HeaderList } from '../core/headers.ts'
import { RequestMessage, type ResponseMessage } from '../core/message.ts'
import type { ConnectOptions } from '../core/network.ts'
import { durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { randomId } from '../core/random.ts'
import { handlersBeside } from '../core/side-call.ts'
import { Attempt } from '../transport/attempt.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { Runtime } from '../transport/runtime.ts'
import { checkTlsOptions } from '../transport/tls-options.ts'
import { type UpstreamLimits, upstreamLimits } from '../transport/upstream-limits.ts'
import type { SourceGetOptions } from './endpoint-source.ts'

const OWNER = 'get'

/** What calls need of the runtime. */
type CallRuntime = Pick<Runtime, 'clock' | 'random' | 'connectors'>

/** The requests of one call of a source, through the same engine as any other. They end with its signal. */
export class SourceCalls {
  readonly #runtime: CallRuntime
  readonly #signal: AbortSignal
  readonly #host: ExchangeHost

  constructor(runtime: CallRuntime, signal: AbortSignal) {
    this.#runtime = runtime
    this.#signal = signal
    const { clock, random } = runtime
    this.#host = {
      clock,
      random,
      beside: handlersBeside,
      inform: () => {},
      aborted: () => {},
      report: () => {},
      makeId: () => randomId(random),
    }
  }

  async get(url: string, options: SourceGetOptions = {}): Promise<ResponseMessage> {
    knownOptions(OWNER, options, ['headers', 'tls', 'idleMs'] satisfies (keyof SourceGetOptions)[])
    const { headers, tls = {}, idleMs = 30_000 } = options
    const place = parsedUrl(url)
    const secure = place.protocol === 'https:'
    // In a url, an IPv6 address stands in brackets.
    const host = place.hostname.replace(/^\[|\]$/g, '')
    if (secure) checkTlsOptions(OWNER, tls)
    const target: ConnectOptions = {
      host,
      port: place.port === '' ? (secure ? 443 : 80) : Number(place.port),
      tls: secure ? { ...tls, servername: tls.servername ?? host } : undefined,
    }
    const ms = durationMs(OWNER, 'idleMs', idleMs, { min: 1 })
    const limits = upstreamLimits({ idleMs: 0, headMs: ms, bodyIdleMs: ms })
    const request = new RequestMessage({
      target: place.pathname + place.search,
      host: place.host,
      headers: HeaderList.from(headers),
    })
    const exchange = new Exchange(request, NOBODY, this.#host, this.#runtime.clock.now())
    const policy = { ...PLAIN, host: place.host, authority: place.host }
    return new SourceCall(exchange, policy, this.#signal).send(this.#runtime, target, limits)
  }
}

const PLAIN = { close: true, xForwarded: false, forwarded: false, via: undefined }

function parsedUrl(url: string): URL {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (
    parsed === null ||
    !/^https?:$/.test(parsed.protocol) ||
    parsed.username !== '' ||
    parsed.password !== ''
  )
    throw invalidOption(OWNER, 'url', 'an address such as "https://10.0.0.1:6443/path"', url)
  return parsed
}

/** One request of a source. It has its connector until the last byte of the response. */
class SourceCall extends Attempt {
  readonly #signal: AbortSignal
  readonly #head = Promise.withResolvers<ResponseMessage>()
  #letGo: () => void = () => {}
  readonly #onAbort = (): void =>
    this.abort(new ProxyError('proxy_closed', { detail: 'its source has ended', sent: this.sent }))

  constructor(exchange: Exchange, policy: OutgoingPolicy, signal: AbortSignal) {
    super(exchange, exchange.request, policy)
    this.#signal = signal
  }

  send(
    { connectors }: CallRuntime,
    target: ConnectOptions,
    limits: UpstreamLimits,
  ): Promise<ResponseMessage> {
    if (this.#signal.aborted) this.#onAbort()
    else {
      const connector = connectors.acquire(target, limits, 'http')
      this.#signal.addEventListener('abort', this.#onAbort)
      this.#letGo = () => {
        this.#signal.removeEventListener('abort', this.#onAbort)
        connectors.retire(target, limits, 'http')
      }
      connector.send(this)
    }
    return this.#head.promise
  }

  protected responded(response: ResponseMessage): void {
    this.#head.resolve(response)
  }

  protected failed(error: ProxyError): void {
    this.#letGo()
    this.#head.reject(error)
  }

  protected ended(): void {
    this.#letGo()
  }
}
