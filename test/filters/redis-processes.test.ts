import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RateAlgorithm } from '../../src/filters/rate-limit.ts'
import { ALGORITHMS } from './rate-limit-histories.ts'
import type { GatewaySettings } from './redis-gateway.ts'
import { hasRedis, RedisServer } from './redis-server.ts'

const GATEWAY = fileURLToPath(new URL('redis-gateway.ts', import.meta.url))

/** Gateways in processes of their own, and what their clients get. */
class Gateways {
  readonly #children: ChildProcess[] = []
  readonly #agent = new Agent({ connections: 16 })
  readonly #urls: string[] = []

  static async start(count: number, settings: GatewaySettings): Promise<Gateways> {
    const gateways = new Gateways()
    for (let i = 0; i < count; i++) {
      const child = fork(GATEWAY, [JSON.stringify(settings)], { execArgv: [] })
      gateways.#children.push(child)
    }
    for (const child of gateways.#children) {
      const [{ url }] = (await once(child, 'message')) as [{ url: string }]
      gateways.#urls.push(url)
    }
    return gateways
  }

  /** The status, and the code of the problem. */
  async ask(gateway: number): Promise<string> {
    const { statusCode, body } = await request(this.#urls[gateway]!, { dispatcher: this.#agent })
    const text = await body.text()
    return statusCode === 200 ? '200' : `${statusCode} ${(JSON.parse(text) as { code: string }).code}`
  }

  /** So many requests to each, 16 at a time, and how often there was which answer. */
  async load(requests: number): Promise<Record<string, number>> {
    const answers: Record<string, number> = {}
    const asking = this.#urls.flatMap((_, gateway) =>
      Array.from({ length: 16 }, async () => {
        for (let i = 0; i < requests / 16; i++) {
          const answer = await this.ask(gateway)
          answers[answer] = (answers[answer] ?? 0) + 1
        }
      }),
    )
    await Promise.all(asking)
    return answers
  }

  /** Asks until there is this answer, and gives those before it. */
  async until(answer: string): Promise<string[]> {
    const before: string[] = []
    for (;;) {
      const got = await this.ask(0)
      if (got === answer) return before
      before.push(got)
    }
  }

  async close(): Promise<void> {
    await this.#agent.close()
    await Promise.all(
      this.#children.map(async (child) => {
        const exited = once(child, 'exit')
        child.disconnect()
        await exited
      }),
    )
  }
}

describe.skipIf(!hasRedis)('two processes and one real Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.close())

  const settings = (
    algorithm: RateAlgorithm,
    limit: number,
    per: `${number}ms` | `${number}d`,
    store: GatewaySettings['store'] = {},
  ): GatewaySettings => {
    const drains = algorithm === 'gcra' || algorithm === 'token-bucket'
    return {
      redis: server.url,
      limit: { algorithm, limit, per, whenUnavailable: 'refuse', ...(drains ? { burst: limit } : {}) },
      // Slow machines are no failures here.
      store: {
        prefix: `${algorithm}-${per}-${JSON.stringify(store.lease ?? '').replace(/[{}]/g, '')}:`,
        timeoutMs: 30_000,
        ...store,
      },
    }
  }

  test.each(ALGORITHMS)('%s admits as many as the limit, to the request', async (algorithm) => {
    const gateways = await Gateways.start(2, settings(algorithm, 500, '1d'))
    expect(await gateways.load(800)).toEqual({ 200: 500, '429 rate_limited': 1_100 })
    await gateways.close()
  })

  test('window by window, no more than the limit', async () => {
    const perMs = 250
    const limit = 60
    const gateways = await Gateways.start(2, settings('sliding-window', limit, `${perMs}ms`))
    const from = performance.now()
    const answers = await gateways.load(1_600)
    const windows = Math.ceil((performance.now() - from) / perMs)
    expect(windows).toBeGreaterThan(1)
    expect(answers[200]).toBeLessThanOrEqual(windows * limit)
    expect(answers[200]).toBeGreaterThanOrEqual(limit)
    expect(Object.keys(answers).sort()).toEqual(['200', '429 rate_limited'])
    await gateways.close()
  })

  test('with leases, no more than the limit in a first window, and nearly all of it', async () => {
    const units = 10
    const lease = { units, forMs: 60_000 }
    const gateways = await Gateways.start(2, settings('fixed-window', 500, '1d', { lease }))
    const answers = await gateways.load(800)
    expect(answers[200]).toBeLessThanOrEqual(500)
    // Each process has one lease at most that it has not spent.
    expect(answers[200]).toBeGreaterThan(500 - 2 * units)
    await gateways.close()
  })
})

describe.skipIf(!hasRedis)('a Redis that is killed under load', () => {
  test.each([
    ['refuse', '503 limiter_unavailable'],
    ['admit', '200'],
  ] as const)('%s: answers as configured, and counts again by itself', async (whenUnavailable, meanwhile) => {
    const server = await RedisServer.start()
    const gateways = await Gateways.start(1, {
      redis: server.url,
      limit: { algorithm: 'fixed-window', limit: 50, per: '1d', whenUnavailable },
      store: { timeoutMs: 200, retryMs: 100 },
    })
    // The limit is reached, so that each answer tells whether Redis was asked.
    await gateways.until('429 rate_limited')
    const loads = gateways.load(640)
    await server.kill()
    const duringKill = await loads
    expect(Object.keys(duringKill).filter((it) => it !== meanwhile && it !== '429 rate_limited')).toEqual([])
    await gateways.until(meanwhile)
    expect(await gateways.load(320)).toEqual({ [meanwhile]: 320 })

    await server.begin()
    // It has forgotten all counts.
    await gateways.until(whenUnavailable === 'refuse' ? '200' : '429 rate_limited')
    await gateways.until('429 rate_limited')
    expect(await gateways.load(160)).toEqual({ '429 rate_limited': 160 })
    await gateways.close()
    await server.close()
  })

  test('one that does not answer: each request is answered in time, few wait, and it counts again', async () => {
    const server = await RedisServer.start()
    const gateways = await Gateways.start(1, {
      redis: server.url,
      limit: { algorithm: 'fixed-window', limit: 50, per: '1d', whenUnavailable: 'refuse' },
      store: { timeoutMs: 100, retryMs: 100 },
    })
    await gateways.until('429 rate_limited')
    const admin = createClient({ url: server.url })
    await admin.connect()
    // Scripts are what it lets wait.
    await admin.sendCommand(['CLIENT', 'PAUSE', '600000', 'WRITE'])
    // Had each waited for the pause, this would not end.
    expect(await gateways.load(1_600)).toEqual({ '503 limiter_unavailable': 1_600 })
    await admin.sendCommand(['CLIENT', 'UNPAUSE'])
    const before = await gateways.until('429 rate_limited')
    expect(before.filter((it) => it !== '503 limiter_unavailable')).toEqual([])
    expect(await gateways.load(160)).toEqual({ '429 rate_limited': 160 })
    admin.destroy()
    await gateways.close()
    await server.close()
  })
})
