import { describe, expect, onTestFinished, test } from 'vitest'
import type { Wire } from '../../core/network.ts'
import { memoryNetwork } from '../../testing/network/memory-network.ts'
import { type FakeUpstream, fakeUpstream } from '../../testing/upstream/fake-upstream.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import type { LoadResult } from './load-result.ts'
import { type LoadPlan, LoadRun, NoConnectionError } from './load-run.ts'

const SERVICE = { host: 'service', port: 8080 }

describe('LoadRun at a rate', () => {
  test('sends at fixed times, whatever the service does', async () => {
    const world = await start()
    const arrivals: number[] = []
    world.upstream.reply(() => {
      arrivals.push(world.clock.now())
      return { delayMs: 35 }
    })
    const result = await world.load({ rate: 100, durationMs: 100 })
    expect(arrivals.map(Math.round)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    expect(result.requests).toEqual({ due: 10, sent: 10, answered: 10, neverSent: 0 })
    expect(result.latencyMs?.p50).toBeCloseTo(35, 0)
    expect(result.statuses).toEqual({ 200: 10 })
  })

  test('shows a stall for what it is, where service times hide it', async () => {
    const { latencyMs, serviceTimeMs, requests } = await loadWithStall({ rate: 100, answersInMs: 1 })
    expect(requests).toEqual({ due: 1_000, sent: 1_000, answered: 1_000, neverSent: 0 })
    // Two hundred are due in the two seconds, and the one that is due x seconds into them waits 2 - x. Ten of a thousand
    // wait for longer than 1.9 s, a hundred for longer than 1 s.
    expect(latencyMs!.p99 / 1_900).toBeCloseTo(1, 1)
    expect(latencyMs!.p90 / 1_000).toBeCloseTo(1, 1)
    expect(latencyMs!.p50).toBeLessThan(2)
    expect(latencyMs!.max / 2_000).toBeCloseTo(1, 1)
    // Only the four that were under way have been slow.
    expect(serviceTimeMs.p99).toBeLessThan(2)
    expect(serviceTimeMs.max / 2_000).toBeCloseTo(1, 1)
  })

  test('counts what was never sent, with the time that it has waited', async () => {
    const world = await start()
    world.upstream.reply({ delayMs: 1_000 })
    const plan = { rate: 10, durationMs: 5_000, timeoutMs: 2_000, connections: 1 }
    const { requests, latencyMs, serviceTimeMs, answeredPerSecond } = await world.load(plan)
    // One a second can be sent, until two seconds after the last was due.
    expect(requests.due).toBe(50)
    expect(requests.neverSent).toBeGreaterThan(40)
    expect(requests.sent + requests.neverSent).toBe(50)
    expect(requests.answered).toBe(requests.sent)
    expect(requests.answered).toBeGreaterThan(5)
    expect(answeredPerSecond).toBeLessThanOrEqual(1)
    expect(latencyMs!.count).toBe(50)
    expect(latencyMs!.p50).toBeCloseTo(2_000, -1)
    expect(serviceTimeMs.count).toBe(requests.sent)
  })

  test('leaves the warm-up out', async () => {
    const world = await start()
    world.upstream.reply(() =>
      world.clock.now() < 1_000 ? { status: 503, body: 'x'.repeat(10_000) } : { body: 'ok' },
    )
    const result = await world.load({ rate: 100, warmUpMs: 1_000, durationMs: 500 })
    expect(world.upstream.requests).toHaveLength(150)
    expect(result.statuses).toEqual({ 200: 50 })
    expect(result.requests.due).toBe(50)
    expect(result.answeredPerSecond).toBe(100)
    expect(result.latencyMs?.count).toBe(50)
    expect(result.bytesRead).toBeLessThan(10_000)
  })

  test('says how late it woke up itself', async () => {
    const world = await start()
    const late = (ms: number, callback: () => void) => {
      const timer = world.clock.setTimeout(callback, ms + 7)
      return () => timer.clear()
    }
    const { generatorLateMs, latencyMs, serviceTimeMs } = await world.load({ rate: 50 }, late)
    expect(generatorLateMs?.p50).toBeCloseTo(7, 1)
    expect(latencyMs?.p50).toBeCloseTo(7, 1)
    expect(serviceTimeMs.p50).toBeLessThan(1)
  })
})

describe('LoadRun without a rate', () => {
  test('sends on each connection as soon as it has its answer', async () => {
    const world = await start()
    world.upstream.reply({ delayMs: 10 })
    const result = await world.load({ rate: undefined, durationMs: 1_000, connections: 3 })
    expect(result.loop).toBe('closed')
    expect(result.latencyMs).toBeUndefined()
    expect(result.answeredPerSecond).toBe(300)
    expect(result.requests.answered).toBe(300)
    expect(result.serviceTimeMs.p50).toBeCloseTo(10, 0)
    expect(world.upstream.totalConnections).toBe(3)
  })

  test('does not see what a stall means', async () => {
    const { serviceTimeMs } = await loadWithStall({ rate: undefined, answersInMs: 10 })
    expect(serviceTimeMs.p99).toBeLessThan(11)
    expect(serviceTimeMs.max / 2_000).toBeCloseTo(1, 1)
  })
})

describe('LoadRun', () => {
  test('opens a connection anew where the answer closes it', async () => {
    const world = await start()
    world.upstream.reply({ headers: { Connection: 'close' }, body: 'bye' })
    const result = await world.load({ rate: 100, durationMs: 100, connections: 2 })
    expect(result.statuses).toEqual({ 200: 10 })
    expect(result.failures).toEqual({ timeout: 0, closed: 0, malformed: 0 })
  })

  test('reads answers of every framing', async () => {
    const world = await start()
    world.upstream.reply(
      { body: 'length' },
      { body: 'chunked', framing: 'chunked', trailers: { 'X-Sum': '1' } },
      { body: 'until the end', framing: 'close' },
      { status: 204 },
      { informational: [{ status: 103 }], body: 'after a hint' },
      { status: 404, body: 'x'.repeat(200_000) },
    )
    const result = await world.load({ rate: 100, durationMs: 60, connections: 1 })
    expect(result.statuses).toEqual({ 200: 4, 204: 1, 404: 1 })
    expect(result.bytesRead).toBeGreaterThan(200_000)
  })

  test('counts failures by their kind, and goes on', async () => {
    const world = await start()
    world.upstream.reply(
      { after: 'reset', raw: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab' },
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n' },
      { delayMs: 60_000 },
      { raw: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n' },
      { raw: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17) },
      { body: 'ok' },
    )
    const result = await world.load({ rate: 1, durationMs: 7_000, timeoutMs: 500, connections: 1 })
    expect(result.failures).toEqual({ closed: 1, malformed: 3, timeout: 1 })
    expect(result.statuses).toEqual({ 200: 2 })
    expect(result.requests).toEqual({ due: 7, sent: 7, answered: 2, neverSent: 0 })
    // The one that was out of time is in the percentiles.
    expect(result.latencyMs?.max).toBeCloseTo(500, 0)
  })

  test('closes a connection on which bytes come that nobody asked for', async () => {
    const world = await start()
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
    const empty = 'HTTP/1.1 204 No Content\r\n\r\n'
    world.upstream.reply({ raw: `${answer}${answer}` }, { raw: `${empty}${answer}` })
    const result = await world.load({ rate: 10, durationMs: 500, connections: 1 })
    expect(result.statuses).toEqual({ 200: 1, 204: 4 })
    expect(world.upstream.totalConnections).toBe(5)
  })

  test('uses no connection again on which the answer came before the request had left', async () => {
    const world = await start()
    const wires: Wire[] = []
    const listener = await world.network.listen({ host: 'hasty', port: 80 }, (wire) => {
      wires.push(wire)
      wire.handler = {
        onData() {
          wire.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n')
          wire.pause()
          return true
        },
        onEnd() {},
        onDrain() {},
        onClose() {},
      }
    })
    const request = Buffer.concat([PLAN.request, Buffer.alloc(1_000_000)])
    const destination = { host: 'hasty', port: 80 }
    const result = await world.load({ destination, request, rate: 10, durationMs: 500, connections: 1 })
    expect(result.statuses).toEqual({ 413: 5 })
    expect(wires).toHaveLength(5)
    await listener.close()
    for (const wire of wires) wire.destroy()
  })

  test('uses all of its connections in turn', async () => {
    const world = await start()
    await world.load({ rate: 10, durationMs: 900, connections: 4 })
    expect(world.upstream.requests.map(({ connection }) => connection)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1])
  })

  test('opens a hundred connections or so at a time', async () => {
    const world = await start()
    const run = new LoadRun({ ...PLAN, connections: 300, durationMs: 100 }, world.surroundings)
    const ended = run.run()
    expect(world.network.connecting).toBe(128)
    await world.clock.until(ended)
    expect(world.upstream.totalConnections).toBe(300)
  })

  test('tries again and again to reach a service that is gone for a while', async () => {
    const world = await start()
    world.upstream.outage({ after: 1_000, lasts: 1_000 })
    const result = await world.load({ rate: 10, durationMs: 3_000, connections: 2 })
    expect(result.requests.answered).toBeGreaterThan(27)
    expect(result.connectErrors.ECONNREFUSED).toBeGreaterThan(5)
    // What was due meanwhile has waited, for a second at most and until the next try.
    expect(result.latencyMs?.max).toBeGreaterThan(900)
    expect(result.latencyMs?.max).toBeLessThan(1_200)
  })

  test('ends when the service does not come back', async () => {
    const world = await start()
    world.upstream.outage({ after: 50, lasts: 3_600_000 })
    const atRate = await world.load({ rate: 100, durationMs: 1_000, timeoutMs: 500 })
    expect(atRate.requests.answered + atRate.failures.closed + atRate.requests.neverSent).toBe(100)
    expect(atRate.requests.neverSent).toBeGreaterThan(90)
    expect(world.clock.now()).toBeLessThan(2_100)
  })

  test('has nobody to send to', async () => {
    const world = await start()
    await world.upstream.close()
    await expect(world.load({ rate: 10 })).rejects.toThrow(NoConnectionError)
    await expect(world.load({ rate: 10 })).rejects.toThrow('ECONNREFUSED')
  })

  test('waits no longer than the limit for a connection', async () => {
    const world = await start()
    world.network.setFaults('*', { connect: 'unanswered' })
    await expect(world.load({ timeoutMs: 700 })).rejects.toThrow('ETIMEDOUT')
    expect(world.clock.now()).toBeCloseTo(700, 0)
  })

  test('opens no thousands of connections to nobody', async () => {
    const world = await start()
    world.network.setFaults('*', { connect: 'unanswered' })
    await expect(world.load({ connections: 10_000, timeoutMs: 700 })).rejects.toThrow('ETIMEDOUT')
    expect(world.clock.now()).toBeCloseTo(700, 0)
  })

  test('has waited no longer than it ran when it is told to end early', async () => {
    const world = await start()
    world.upstream.pause()
    const run = new LoadRun({ ...PLAN, rate: 100, timeoutMs: 10_000 }, world.surroundings)
    const ended = run.run()
    await world.clock.advance(2_005)
    run.stop()
    const { requests, latencyMs } = await ended
    expect(requests).toEqual({ due: 201, sent: 4, answered: 0, neverSent: 197 })
    expect(latencyMs!.max / 1_965).toBeCloseTo(1, 2)
    expect(latencyMs!.p50 / 985).toBeCloseTo(1, 1)
  })

  test('ends early when it is told to', async () => {
    const world = await start()
    const run = new LoadRun({ ...PLAN, rate: 100 }, world.surroundings)
    const ended = run.run()
    await world.clock.advance(2_005)
    run.stop()
    const result = await ended
    expect(result.seconds).toBeCloseTo(2, 1)
    expect(result.requests.answered).toBe(201)
    expect(result.answeredPerSecond).toBeCloseTo(100, 0)
  })
})

const PLAN: LoadPlan = {
  destination: { ...SERVICE, tls: undefined },
  request: Buffer.from('GET / HTTP/1.1\r\nHost: service:8080\r\n\r\n'),
  method: 'GET',
  connections: 4,
  rate: 100,
  warmUpMs: 0,
  durationMs: 10_000,
  timeoutMs: 5_000,
}

/** Ten seconds, in which the service stands still for two. */
async function loadWithStall({
  rate,
  answersInMs,
}: Pick<LoadPlan, 'rate'> & { readonly answersInMs: number }): Promise<LoadResult> {
  const world = await start()
  world.upstream.reply({ delayMs: answersInMs })
  world.clock.setTimeout(() => world.upstream.pause(), 4_000)
  world.clock.setTimeout(() => world.upstream.resume(), 6_000)
  return world.load({ rate })
}

interface World {
  readonly clock: VirtualClock
  readonly network: ReturnType<typeof memoryNetwork>
  readonly upstream: FakeUpstream
  readonly surroundings: ConstructorParameters<typeof LoadRun>[1]
  load(changes: Partial<LoadPlan>, pacer?: World['surroundings']['pacer']): Promise<LoadResult>
}

/** A service in memory, and a load on it by virtual time; at the end of the test nothing of either may be left. */
async function start(): Promise<World> {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const upstream = await fakeUpstream({ network, clock, ...SERVICE }).start()
  const surroundings: World['surroundings'] = {
    clock,
    network,
    pacer(ms, callback) {
      const timer = clock.setTimeout(callback, ms)
      return () => timer.clear()
    },
  }
  onTestFinished(async () => {
    await upstream.close()
    await clock.advance(0)
    expect(network.leaks()).toEqual([])
    expect(clock.pending).toBe(0)
  })
  return {
    clock,
    network,
    upstream,
    surroundings,
    load: (changes, pacer = surroundings.pacer) =>
      clock.until(new LoadRun({ ...PLAN, ...changes }, { ...surroundings, pacer }).run()),
  }
}
