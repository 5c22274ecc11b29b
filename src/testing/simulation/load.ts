import type { ProxyErrorCode } from '../../core/errors.ts'
import type { Outcome } from '../../core/exchange.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  positiveNumber,
} from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import { type ClientHttp2Options, clientVersion } from './client-http2-options.ts'
import type { ClientRequest } from './client-request.ts'
import type { ClientVersion } from './http2-client-connection.ts'
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts'

export interface LoadOptions {
  /** Requests per second. */
  readonly rate: number
  readonly duration: Duration
  /** `poisson`: independent users, by chance. `constant`: one every `1000 / rate` milliseconds. Default `poisson`. */
  readonly arrivals?: 'poisson' | 'constant' | undefined
  /** What is asked for; or a function of the request's number (the first is 0) and of chance. Default `/`. */
  readonly request?: string | ClientRequest | ((number: number, random: Random) => string | ClientRequest)
  /** So many clients, each with an address and connections of its own, in turn. Default 1. */
  readonly clients?: number | undefined
  /** Whether clients use a connection for more than one request. Default true. */
  readonly keepAlive?: boolean | undefined
  /** Whether clients speak HTTP/2, with many requests at a time on one connection; options say how. Default `false`. */
  readonly http2?: boolean | ClientHttp2Options | undefined
  /** A client that has waited so long leaves. Default: nobody does. */
  readonly patience?: Duration | undefined
}

/** What came of a load. */
export interface LoadResult {
  readonly sent: number
  /** By status; only responses that came whole. */
  readonly byStatus: Readonly<Record<number, number>>
  /**
   * By how it ended. `completed`, `aborted` and `failed` as the proxy says; `broken`: the client got no response, or half of
   * one; `left`: it had no patience.
   */
  readonly byOutcome: Readonly<Record<Outcome['result'] | 'broken' | 'left', number>>
  /** By the code of the proxy's own error, where there was one. */
  readonly byError: Readonly<Partial<Record<ProxyErrorCode, number>>>
  /**
   * From the moment at which a request was due to the last byte of its response. Arrivals do not wait for responses, so a
   * stall is felt by all who come during it: no coordinated omission.
   */
  readonly latency: LatencySummary
  /** By the id of the endpoint that gave the response: how many, and which part of all. */
  readonly byEndpoint: Readonly<Record<string, { readonly count: number; readonly share: number }>>
  /** The part of the requests that did not end with a whole response below 500. From 0 to 1. */
  readonly errorRate: number
  /** Virtual milliseconds from the first arrival's begin to the last response. */
  readonly durationMs: number
}

/** @internal How one request of a load ended. */
export interface LoadSample {
  readonly dueAtMs: number
  readonly endedAtMs: number
  readonly ended: 'response' | 'broken' | 'left'
  readonly status?: number | undefined
  readonly result?: Outcome['result'] | undefined
  readonly error?: ProxyErrorCode | undefined
  readonly endpoint?: string | undefined
}

/** @internal Options that were checked. */
export interface LoadPlan {
  readonly gapMs: number
  readonly durationMs: number
  readonly poisson: boolean
  readonly clients: number
  readonly keepAlive: boolean
  /** `undefined`: HTTP/1.1. */
  readonly http2: ClientVersion | undefined
  readonly patienceMs: number
  readonly requestOf: (number: number, random: Random) => ClientRequest
}

const OPTIONS = ['rate', 'duration', 'arrivals', 'request', 'clients', 'keepAlive', 'http2', 'patience']

/** @internal */
export function loadPlan(options: LoadOptions): LoadPlan {
  knownOptions('sim.load', options, OPTIONS)
  const { rate, duration, arrivals = 'poisson', request = '/', clients = 1, keepAlive = true } = options
  const { patience = Number.POSITIVE_INFINITY } = options
  positiveNumber('sim.load', 'rate', rate)
  if (arrivals !== 'poisson' && arrivals !== 'constant')
    throw invalidOption('sim.load', 'arrivals', '"poisson" or "constant"', arrivals)
  if (typeof keepAlive !== 'boolean') throw invalidOption('sim.load', 'keepAlive', 'true or false', keepAlive)
  const asked = (given: string | ClientRequest): ClientRequest =>
    typeof given === 'string' ? { url: given } : given
  return {
    gapMs: 1_000 / rate,
    durationMs: durationMs('sim.load', 'duration', duration),
    poisson: arrivals === 'poisson',
    clients: integer('sim.load', 'clients', clients, { min: 1, max: 60_000 }),
    keepAlive,
    http2: clientVersion('sim.load', options.http2),
    patienceMs: durationMs('sim.load', 'patience', patience, { unlimited: true }),
    requestOf:
      typeof request === 'function'
        ? (number, random) => asked(request(number, random))
        : () => asked(request),
  }
}

/** @internal Counts samples. */
export class LoadTally {
  readonly #latency = new LatencyHistogram()
  readonly #byStatus: Record<number, number> = {}
  readonly #byOutcome = { completed: 0, aborted: 0, failed: 0, broken: 0, left: 0 }
  readonly #byError: Partial<Record<ProxyErrorCode, number>> = {}
  readonly #byEndpoint = new Map<string, number>()
  #sent = 0
  #bad = 0
  #endedAtMs = 0

  add({ dueAtMs, endedAtMs, ended, status, result, error, endpoint }: LoadSample): void {
    this.#sent++
    this.#endedAtMs = Math.max(this.#endedAtMs, endedAtMs)
    if (ended === 'response') {
      this.#latency.record(endedAtMs - dueAtMs)
      this.#byStatus[status!] = (this.#byStatus[status!] ?? 0) + 1
    }
    if (ended !== 'response' || status! >= 500) this.#bad++
    this.#byOutcome[ended === 'response' ? (result ?? 'completed') : ended]++
    if (error !== undefined) this.#byError[error] = (this.#byError[error] ?? 0) + 1
    if (endpoint !== undefined) this.#byEndpoint.set(endpoint, (this.#byEndpoint.get(endpoint) ?? 0) + 1)
  }

  result(startedAtMs: number): LoadResult {
    let served = 0
    for (const count of this.#byEndpoint.values()) served += count
    const byEndpoint: Record<string, { count: number; share: number }> = {}
    for (const id of [...this.#byEndpoint.keys()].sort()) {
      const count = this.#byEndpoint.get(id)!
      byEndpoint[id] = { count, share: count / served }
    }
    return {
      sent: this.#sent,
      byStatus: this.#byStatus,
      byOutcome: this.#byOutcome,
      byError: this.#byError,
      latency: this.#latency.summary(),
      byEndpoint,
      errorRate: this.#sent === 0 ? 0 : this.#bad / this.#sent,
      durationMs: Math.max(0, this.#endedAtMs - startedAtMs),
    }
  }
}
