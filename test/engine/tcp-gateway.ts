import { expect, onTestFinished } from 'vitest'
import type { RefusedConnection } from '../../src/core/observer.ts'
import {
  type Endpoint,
  type Exchange,
  type Outcome,
  type Pool,
  type PoolOptions,
  pool,
  type RunningProxy,
  type TcpListenOptions,
  type TcpProxy,
  tcp,
} from '../../src/index.ts'
import type { RawUpstream } from './support.ts'
import { testNetwork } from './test-network.ts'

/** For tests that bring pools of their own. */
const NOBODY = 'tcp://127.0.0.1:9'

/** `tcp://` in place of `http://`. */
export const tcpUrl = (one: RawUpstream | string): string =>
  (typeof one === 'string' ? one : one.url).replace(/^http:/, 'tcp:')

export interface TcpGatewayOptions {
  pool?: PoolOptions
  /** What is made of the pool. */
  tune?: (made: Pool) => Pool
  /** What is made of the proxy that has the pool. */
  build?: (app: TcpProxy, services: Pool) => TcpProxy
  listen?: Omit<TcpListenOptions, 'port'>
}

/**
 * Starts a proxy for TCP before some services. When the test is over it is closed, and then every exchange must have had one
 * outcome, every lease must be back, and no connection may be left on either side.
 */
export async function tcpGateway(
  upstreams: readonly (RawUpstream | string)[],
  { pool: poolOptions, tune = (it) => it, build, listen }: TcpGatewayOptions = {},
) {
  const endpoints = new Set<Endpoint>()
  let turn = 0
  const inTurn = pool(upstreams.length === 0 ? [NOBODY] : upstreams.map(tcpUrl), poolOptions).balance(
    (candidates) => {
      for (const one of candidates) endpoints.add(one)
      return candidates[turn++ % candidates.length]!
    },
  )
  const services = tune(inTurn)
  const exchanges: Exchange[] = []
  const outcomes: Outcome[] = []
  const refused: RefusedConnection[] = []
  const waiting: (() => void)[] = []
  const changed = () => {
    for (const wake of waiting.splice(0)) wake()
  }
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const app = tcp()
    .listen({
      port: 0,
      onConnectionRefused: (one) => {
        refused.push(one)
        changed()
      },
      ...listen,
    })
    .use((exchange, next) => {
      exchanges.push(exchange)
      exchange.onComplete((outcome) => {
        outcomes.push(outcome)
        changed()
      })
      changed()
      return next(exchange)
    })
  const network = testNetwork()
  const running: RunningProxy = await (build === undefined ? app.to(services) : build(app, services)).start({
    signals: false,
    surroundings: network.surroundings,
  })
  onTestFinished(async () => {
    await network.until(running.close())
    expect(running.connections, 'client connections left').toBe(0)
    expect(outcomes.length, 'outcomes').toBe(exchanges.length)
    for (const endpoint of endpoints) expect(endpoint.inFlight, 'leases left').toBe(0)
  })
  return {
    running,
    url: running.url,
    exchanges,
    refused,
    refusals: async (count: number) => {
      await until(() => refused.length >= count)
      return refused.map(({ reason }) => reason)
    },
    begun: (n: number) => until(() => exchanges.length >= n),
    outcome: async (n = 1) => {
      await until(() => outcomes.length >= n)
      return outcomes[n - 1]!
    },
    inFlight: () => [...endpoints].map(({ inFlight }) => inFlight),
  }
}
