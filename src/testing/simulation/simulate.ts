import type { Clock } from '../../core/clock.ts'
import { type Duration, integer, invalidOption, knownOptions } from '../../core/options.ts'
import type { Random } from '../../core/random.ts'
import type { DrainOptions, Pool, PoolHandle } from '../../index.ts'
import type { MemoryNetwork } from '../network/memory-network.ts'
import type { FakeUpstream } from '../upstream/fake-upstream.ts'
import type { ClientHttp2Options } from './client-http2-options.ts'
import type { ClientRequest, ClientRequestOptions } from './client-request.ts'
import type { SimulatedRawClient } from './driven-raw-client.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { Journal } from './journal.ts'
import type { LoadOptions, LoadResult } from './load.ts'
import type { Pending } from './pending.ts'
import type { PendingResponse } from './pending-response.ts'
import { checkApp, RunningSimulation, type SimulatedApp } from './running-simulation.ts'
import type { SimulatedClient, SimulatedHttp2Client } from './simulated-client.ts'
import type { SimulatedResponse } from './simulated-response.ts'

export interface SimulationOptions {
  /** What all chance is taken from: a whole number. Default: `GATEWRIGHT_SEED` of the environment, else 1. */
  readonly seed?: number | undefined
  /** From one end of each connection to the other, in milliseconds. Default 0. */
  readonly latencyMs?: number | undefined
  /** The wall time at the start. Default 2026-01-01T00:00:00Z. */
  readonly startAt?: Date | number | undefined
  /**
   * Urls of services that no pool of the app names, but that the app may come to use. Their names stand for addresses of the
   * public internet, those of endpoints for private ones.
   */
  readonly upstreams?: readonly string[] | undefined
  /** So many of the last entries of the journal, and of the last exchanges, are kept. Default 10 000. */
  readonly keep?: number | undefined
}

export interface SimulatedClientOptions {
  /** Speaks HTTP/2, with prior knowledge, or by ALPN to a listener with TLS; options say how. Default `false`. */
  readonly http2?: boolean | ClientHttp2Options | undefined
}

/** A whole proxy in memory: its clients, its services, its time. */
export interface Simulation extends SimulatedClient, AsyncDisposable {
  readonly seed: number
  /** The proxy's time. `sim.advance` moves it. */
  readonly clock: Clock
  /** Chance for the test's own script. Seeded. */
  readonly random: Random
  /** The network, for faults between the machines. */
  readonly network: MemoryNetwork
  /** Virtual milliseconds since the simulation began. */
  readonly nowMs: number

  get(url: string, options?: ClientRequestOptions): PendingResponse
  post(url: string, options?: ClientRequestOptions): PendingResponse
  request(request: ClientRequest): PendingResponse
  connect(port?: number): Pending<SimulatedRawClient>
  /** A client with an address of its own. Default of the simulation itself: 192.0.2.1. By HTTP/2, if it is told to. */
  client(
    address: string,
    options: SimulatedClientOptions & { readonly http2: true | ClientHttp2Options },
  ): SimulatedHttp2Client
  client(address: string, options?: SimulatedClientOptions): SimulatedClient

  /**
   * The service behind an endpoint of the app. It answers 200 `ok` until it is told otherwise.
   * @throws when the app names no such endpoint; the message lists those it names.
   */
  upstream(url: string): FakeUpstream
  /** All services, in the order in which the app names them. */
  readonly upstreams: readonly FakeUpstream[]

  /** Moves time on; everything that is due happens. */
  advance(time: Duration): Pending<void>
  /** Lets everything happen that needs no time. */
  settle(): Pending<void>
  /** Moves time on until a promise of the test's own is settled; at most an hour. */
  until<T>(promise: Promise<T>): Pending<T>
  /** Calls again and again, first after one interval, until the simulation ends or the function that it returns is called. */
  every(interval: Duration, call: () => void | Promise<void>): () => void
  /** Sends requests at a rate. They are sent as time moves: by awaiting this, or anything else. */
  load(options: LoadOptions): Pending<LoadResult>
  /** Serves another description from now on, as `reload` of a running proxy does. */
  reload(app: SimulatedApp): Pending<void>
  /** Ends the proxy in good order, as `drain` of a running proxy does, and begins at once. */
  drain(options?: Duration | DrainOptions): Pending<void>

  /**
   * The handle of a pool of the app that is served now, as `pool` of a running proxy gives it. What it promises is waited for
   * with `sim.until`, so that time moves.
   *
   * @example
   * const users = await sim.pool('users')
   * await sim.until(users.drain('http://u1'))
   */
  pool(which: Pool | string): Pending<PoolHandle>

  /** Every event in order. */
  readonly journal: Journal
  /** What was noted of each exchange, in the order in which they began; the last ones, as many as are kept. */
  readonly exchanges: readonly ExchangeRecord[]
  /** Which route, filters and endpoints the exchange had and why, and what became of its attempts. For people. */
  explain(exchange: ExchangeRecord | SimulatedResponse): string
  /** Adds a line of the test's own to the journal. */
  note(text: string): void

  /**
   * Ends the simulation, and rejects unless nothing is left of it: exchanges, leases, unread bodies, sockets, timers,
   * listeners, things that were not awaited. Each is named, with the line of code that opened it.
   */
  assertNoLeaks(): Promise<void>
  /** Ends the simulation without looking. */
  close(): Promise<void>
}

/**
 * Runs a proxy - the very one that would be started - on a network in memory, a virtual clock and seeded chance. Every
 * endpoint that its pools name is a fake upstream. The same seed gives the same run, event by event.
 *
 * Time moves only while something of the simulation is awaited: `await sim.get('/')` takes, in virtual time, as long as
 * the response takes. Filters take time and chance from `exchange.clock` and `exchange.random`; a real socket that is opened
 * inside is an error.
 *
 * Of a `tcp()`, the services speak HTTP all the same: `sim.get` goes through it to one, and `sim.connect` brings any bytes.
 *
 * @example
 * await using sim = simulate(app, { seed: 7 })
 * sim.upstream('http://users:8080').inject(fault.resetBeforeHead(), { next: 1 })
 * const response = await sim.get('/users/7')
 * await sim.assertNoLeaks()
 */
export function simulate(app: SimulatedApp, options: SimulationOptions = {}): Simulation {
  checkApp('simulate', app)
  knownOptions('simulate', options, ['seed', 'latencyMs', 'startAt', 'upstreams', 'keep'])
  const { seed = defaultSeed(), latencyMs = 0, startAt, upstreams = [], keep = 10_000 } = options
  integer('simulate', 'seed', seed, { min: Number.MIN_SAFE_INTEGER })
  integer('simulate', 'keep', keep, { min: 1 })
  if (!Array.isArray(upstreams)) throw invalidOption('simulate', 'upstreams', 'a list of urls', upstreams)
  return new RunningSimulation(app, { seed, latencyMs, startAt, upstreams, keep })
}

/**
 * Runs a scenario once for each of so many seeds, from 1 on; where `GATEWRIGHT_SEED` is set, for that seed alone. What the
 * scenario throws is thrown on, with the seed that shows it again.
 *
 * @example await forEachSeed(1_000, async (seed) => { await using sim = simulate(app, { seed }) ... })
 */
export async function forEachSeed(
  count: number,
  scenario: (seed: number) => Promise<void> | void,
): Promise<void> {
  integer('forEachSeed', 'count', count, { min: 1 })
  const alone = (process.env.GATEWRIGHT_SEED ?? '') !== ''
  const first = alone ? defaultSeed() : 1
  const last = alone ? first : count
  for (let seed = first; seed <= last; seed++) {
    try {
      await scenario(seed)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${seed} of ${count} failed; GATEWRIGHT_SEED=${seed} runs it alone\n${why}`, {
        cause: error,
      })
    }
  }
}

function defaultSeed(): number {
  const given = process.env.GATEWRIGHT_SEED
  if (given === undefined || given === '') return 1
  const seed = Number(given)
  if (!Number.isSafeInteger(seed)) throw invalidOption('simulate', 'GATEWRIGHT_SEED', 'a whole number', given)
  return seed
}
