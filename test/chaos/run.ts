import { memoryNetwork, seededRandom, virtualClock } from '../../src/testing/index.ts'
import { ChaosClient } from './client.ts'
import { CountingClock } from './counting-clock.ts'
import { Dice } from './dice.ts'
import { ChaosGateway } from './gateway.ts'
import { Ledger } from './ledger.ts'
import { makePlans } from './plan.ts'
import { ChaosUpstream } from './upstream.ts'
import { verdict } from './verdict.ts'
import { WatchedNetwork } from './watched-network.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly exchanges: number
  /** Ends the proxy while clients come and exchanges run, at this part of the time. */
  readonly cut?: { readonly how: 'close' | 'drain'; readonly at: number }
}

export interface ChaosReport {
  /** What was wrong. Empty when all is well. */
  readonly wrong: readonly string[]
  /** Exchanges that the proxy saw, and how often they ended in which way. */
  readonly exchanges: number
  readonly ends: Readonly<Record<string, number>>
  /** Each end of an exchange with its time: the same again for the same options. */
  readonly history: readonly string[]
}

/** A proxy, its services and its clients in one world, in which much goes wrong; then everything that must hold. */
export async function runChaos({ seed, exchanges, cut }: ChaosOptions): Promise<ChaosReport> {
  const dice = new Dice(seededRandom(seed))
  const { clients: plans, requests } = makePlans(dice, exchanges)
  const clock = virtualClock()
  const own = new CountingClock(clock)
  const network = memoryNetwork({
    clock,
    random: seededRandom(seed + 1),
    windowBytes: dice.pick([3_000, 8_192, 65_536]),
    shuffle: dice.chance(0.7),
  })
  network.setFaults('gateway:8081', { maxChunkBytes: 9 })
  network.setFaults('gateway:8082', { maxChunkBytes: 5_000, latencyMs: 2, jitterMs: 5 })
  network.setFaults('choppy', { maxChunkBytes: 3_000, latencyMs: 1, jitterMs: 3 })
  network.setFaults('flaky', { resetChance: 0.03, stallChance: 0.05, stallMs: 2_500 })
  network.setFaults('refused', { connect: 'refused' })
  network.setFaults('unanswered', { connect: 'unanswered' })
  const address = network.addHost('gateway')
  network.addHost('refused')
  network.addHost('unanswered')
  const gateway = new ChaosGateway(requests, clock)
  const upstream = new ChaosUpstream(requests, clock, dice)
  const ledger = new Ledger()
  const watched = new WatchedNetwork(network)
  const wrong: string[] = []
  const thrown = watchProcess(wrong)
  try {
    await upstream.listen(network, ['tidy', 'choppy', 'rude', 'flaky'])
    const running = await gateway.describe().start({
      signals: false,
      surroundings: { clock: own, network: watched, random: seededRandom(seed + 2), observer: ledger },
    })
    const clients = plans.map((plan) => new ChaosClient(plan, network, clock))
    const lastStart = plans.at(-1)!.startsAtMs
    const ran = Promise.all(
      clients.map((client) =>
        client.run().catch((error: unknown) => {
          if (cut === undefined) client.violations.push(String(error))
        }),
      ),
    )
    if (cut !== undefined) {
      await clock.advance(Math.floor(lastStart * cut.at))
      await clock.until(cut.how === 'close' ? running.close() : running.drain(2_000))
      wrong.push(
        ...network
          .leaks()
          .filter((it) => held(it, address))
          .map((it) => `after ${cut.how}: ${it}`),
      )
      if (own.pending !== 0) wrong.push(`after ${cut.how}: ${own.pending} timers`)
      wrong.push(...ledger.open().map((it) => `after ${cut.how}: ${it}`))
    }
    try {
      await clock.until(ran, lastStart + 600_000)
    } catch (error) {
      wrong.push(String(error))
    }
    // Everything has run out by itself: nothing may be left but what waits for new connections.
    await clock.advance(20_000)
    wrong.push(...ledger.open().map((it) => `in the end: ${it}`))
    if (running.connections !== 0) wrong.push(`${running.connections} client connections left`)
    if (network.openWires !== 0) wrong.push(`left before the close: ${upstream.held().join(', ')}`)
    if (clock.pending !== 0) wrong.push(`${clock.pending} timers left before the close`)
    await clock.until(running.close()).catch((error) => wrong.push(`the close never ends: ${error}`))
    await upstream.close()
    await clock.advance(0)
    if (network.openWires + network.listeners + network.connecting !== 0) wrong.push(...network.leaks())
    if (clock.pending !== 0) wrong.push(`${clock.pending} timers left`)
    for (const client of clients) wrong.push(...verdict(client, gateway, cut !== undefined))
    wrong.push(...upstream.violations, ...ledger.violations, ...watched.violations)
  } finally {
    thrown.stop()
  }
  const ends: Record<string, number> = {}
  const history: string[] = []
  for (const [id, { outcomes }] of gateway.records)
    for (const { outcome, atMs } of outcomes) {
      const name = [outcome.result, outcome.status, outcome.error?.code]
        .filter((it) => it !== undefined)
        .join(' ')
      ends[name] = (ends[name] ?? 0) + 1
      history.push(`at ${atMs} exchange ${id} ${name}, ${outcome.bytesSent} bytes`)
    }
  return { wrong, exchanges: gateway.records.size, ends, history }
}

/** Whether a leak is the proxy's: a listener, or its end of a connection. */
function held(leak: string, address: string): boolean {
  if (leak.startsWith('listener')) return leak.includes(` ${address}:`)
  if (leak.includes(`-> ${address}:`)) return leak.includes('server open')
  return leak.includes('-> ') && leak.includes('(client open')
}

/** Listens for what nobody caught, and for what the proxy reports beside failures that were planned. */
function watchProcess(wrong: string[]): { stop(): void } {
  const report = console.error
  console.error = (...parts: unknown[]) => {
    if (!parts.some((it) => it instanceof Error && it.message === 'planned'))
      wrong.push(`reported: ${parts.map((it) => (it instanceof Error ? it.stack : String(it))).join(' ')}`)
  }
  const caught = (error: unknown): void => {
    wrong.push(`nobody caught ${error instanceof Error ? error.stack : String(error)}`)
  }
  process.on('unhandledRejection', caught)
  process.on('uncaughtException', caught)
  return {
    stop() {
      console.error = report
      process.off('unhandledRejection', caught)
      process.off('uncaughtException', caught)
    },
  }
}
