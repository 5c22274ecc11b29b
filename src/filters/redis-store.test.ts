import { describe, expect, test } from 'vitest'
import { attribute } from '../core/attribute.ts'
import { respond } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate, virtualClock } from '../testing/index.ts'
import { type RateRule, rateLimit } from './rate-limit.ts'
import { type RedisClient, type RedisStoreOptions, redisStore } from './redis-store.ts'

const RULE: RateRule = {
  name: 'default',
  by: 'address/64',
  algorithm: 'token-bucket',
  limit: 5,
  perMs: 1_000,
  burst: 5,
}

/** A client of which the test says what becomes of each command. */
function pretended(answer: (args: string[], number: number) => unknown) {
  const commands: string[][] = []
  const sendCommand = async (args: string[]): Promise<unknown> => answer(args, commands.push(args) - 1)
  return { commands, sendCommand }
}

const never = () => new Promise(() => {})

describe('redisStore sends', () => {
  test('EVALSHA, and the script itself where Redis does not know it', async () => {
    const client = pretended(([command]) => {
      if (command === 'EVALSHA') throw new Error('NOSCRIPT No matching script. Please use EVAL.')
      return [1, 0, 4, 200]
    })
    const verdicts = await redisStore({ client }).limiter([RULE]).take(['k'], 1, exchange())
    expect(verdicts).toEqual([{ waitMs: 0, remaining: 4, resetMs: 200 }])
    expect(client.commands.map(([command]) => command)).toEqual(['EVALSHA', 'EVAL'])
    expect(client.commands[1]!.slice(2)).toEqual(client.commands[0]!.slice(2))
  })

  test('no second time what failed for another reason', async () => {
    const client = pretended(() => {
      throw new Error('OOM command not allowed')
    })
    await expect(redisStore({ client }).limiter([RULE]).take(['k'], 1, exchange())).rejects.toThrow('OOM')
    expect(client.commands).toHaveLength(1)
  })

  test.each([
    [undefined],
    [[]],
    [[1, 0, 4]],
    [[1, 0, 'x', 2]],
    ['OK'],
    [[1, 0, 4, 200, 5]],
    [[null, null, null, null]],
    [['', '', '', '']],
    [[[1], [0], [4], [200]]],
    [[true, false, true, true]],
    [[1, 0, 4, -200]],
    // Admitted, and not taken.
    [[0, 0, 4, 200]],
    // Taken, and not admitted.
    [[1, 60, 0, 200]],
    // More than was asked for.
    [[9, 0, 4, 200]],
  ])('and takes %j for no answer', async (reply) => {
    const client = pretended(() => reply)
    await expect(redisStore({ client }).limiter([RULE]).take(['k'], 1, exchange())).rejects.toThrow(
      'something else',
    )
  })

  test('and takes numbers that are written as texts, and no fewer than none that remain', async () => {
    const client = pretended(() => ['-20', '60', '-20', '200'])
    expect(await redisStore({ client }).limiter([RULE]).take(['k'], 1, exchange())).toEqual([
      { waitMs: 60, remaining: 0, resetMs: 200 },
    ])
  })

  test('to clients of each kind in their way', async () => {
    const sent: unknown[] = []
    const answer = async (...command: unknown[]): Promise<unknown> => {
      sent.push(command)
      return [1, 0, 4, 200]
    }
    const clients: RedisClient[] = [
      { sendCommand: (args: string[]) => answer('node-redis', args[0]) },
      { call: (command: string) => answer('ioredis', command) },
      {
        masters: [],
        sendCommand: (key: string, readonly: boolean, args: string[]) =>
          answer('cluster', args[0], readonly, key === args[3]),
      },
    ]
    for (const client of clients) await redisStore({ client }).limiter([RULE]).take(['k'], 1, exchange())
    expect(sent).toEqual([
      ['node-redis', 'EVALSHA'],
      ['ioredis', 'EVALSHA'],
      ['cluster', 'EVALSHA', false, true],
    ])
  })

  test('keys of one slot, which tell nothing and can be read in one way only', async () => {
    const client = pretended(([, , count]) => [
      1,
      ...Array.from({ length: Number(count) }, () => [0, 4, 200]).flat(),
    ])
    const store = redisStore({ client, prefix: 'test:' })
    const keysOf = async (rules: readonly RateRule[], ...keys: string[]) => {
      await store.limiter(rules).take(keys, 1, exchange())
      const [, , count, ...rest] = client.commands.at(-1)!
      return rest.slice(0, Number(count))
    }
    const slot = (key: string | undefined) => /^test:\{([A-Za-z0-9_-]{22})\}:/.exec(key ?? '')?.[1]
    const other = { ...RULE, name: 'other' }
    const byHeader = { ...RULE, name: 'header', by: 'header x-api-key' }
    const byFunction = { ...RULE, by: 'function' }

    const [one] = await keysOf([RULE], '}secret{')
    expect(slot(one)).toBeDefined()
    expect(one).not.toContain('secret')
    const [another] = await keysOf([RULE], 'b')
    expect(slot(another)).not.toBe(slot(one))
    // Rules that count for the same share the slot of what they count for.
    const pair = await keysOf([RULE, other], 'a', 'a')
    expect(pair.map(slot)).toEqual([slot(pair[0]), slot(pair[0])])
    expect(pair[0]).not.toBe(pair[1])
    expect(slot((await keysOf([RULE, other], 'b', 'b'))[0])).not.toBe(slot(pair[0]))
    // Others have one slot, whatever the values: else a count would move when they happen to be equal.
    const mixed = await keysOf([RULE, byHeader], 'a', 'b')
    expect(new Set(mixed.map(slot)).size).toBe(1)
    expect((await keysOf([RULE, byHeader], 'a', 'a'))[0]).toBe(mixed[0])
    // And what one rule counts does not depend on what another one counts for.
    expect((await keysOf([RULE, byHeader], 'c', 'b'))[1]).toBe(mixed[1])
    const functions = await keysOf([byFunction, { ...byFunction, name: 'other' }], 'a', 'b')
    expect(new Set(functions.map(slot)).size).toBe(1)
  })
})

test('redisStore counts for a claim whatever a claim of that name says that someone else has made', async () => {
  const client = pretended(() => [1, 0, 4, 200, 0, 4, 200])
  const [user, tenant] = [attribute<object>('user'), attribute<object>('tenant')]
  const rule = (name: string, of: typeof user) => ({
    name,
    limit: 5,
    per: '1s' as const,
    key: { claim: 'id', of },
  })
  const limit = rateLimit({
    rules: [rule('user', user), rule('tenant', tenant)],
    store: redisStore({ client }),
  })
  for (const id of ['ada', 'bob']) {
    const made = exchange()
    made.set(user, { id })
    made.set(tenant, { id: 'shop' })
    await run(limit, made)
  }
  const [first, second] = client.commands.map((args) => args[4])
  expect(first).toBe(second)
})

describe('redisStore, while Redis does not do well', () => {
  const inTime = async (promise: unknown) =>
    Promise.resolve(promise).then(
      () => 'decided',
      (error: Error) => error.message,
    )

  test('gives a decision up in time, and after five leaves Redis alone, but for one that tries', async () => {
    const clock = virtualClock()
    const client = pretended(never)
    const store = redisStore({ client, timeoutMs: 50, retryMs: 1_000 })
    const limiter = store.limiter([RULE])
    const ask = () => inTime(limiter.take(['k'], 1, exchange({ clock })))
    const from = clock.now()
    for (let i = 0; i < 5; i++)
      expect(await clock.until(ask())).toBe('rate limits: Redis has not answered within 50 ms')
    expect([clock.now() - from, store.unavailable, client.commands.length]).toEqual([250, true, 5])
    for (let i = 0; i < 100; i++) expect(await ask()).toMatch('it has failed too often lately')
    expect(client.commands.length).toBe(5)
    await clock.advance(1_000)
    const trying = ask()
    for (let i = 0; i < 100; i++) expect(await ask()).toMatch('it has failed too often lately')
    expect(await clock.until(trying)).toMatch('within 50 ms')
    expect(client.commands.length).toBe(6)
    expect(clock.nextInMs).toBeUndefined()
  })

  test('few commands wait in a client that keeps them, however long it takes', async () => {
    const clock = virtualClock()
    const client = pretended(never)
    const store = redisStore({ client, timeoutMs: 50, retryMs: 100 })
    const limiter = store.limiter([RULE])
    for (let i = 0; i < 200; i++) {
      void inTime(limiter.take(['k'], 1, exchange({ clock })))
      await clock.advance(100)
    }
    // Five that failed, and four that tried.
    expect([client.commands.length, store.pending]).toEqual([9, 9])
  })

  test('so many decisions are under way, and no more', async () => {
    const clock = virtualClock()
    const client = pretended(never)
    const limiter = redisStore({ client, maxPending: 3 }).limiter([RULE])
    for (let i = 0; i < 3; i++) void inTime(limiter.take(['k'], 1, exchange({ clock })))
    expect(await inTime(limiter.take(['k'], 1, exchange({ clock })))).toMatch('3 calls are under way')
    expect(client.commands.length).toBe(3)
    await clock.advance(1_000)
  })

  test('is well again with the first answer in time; one that is late says nothing', async () => {
    const clock = virtualClock()
    const waiting: ((value: unknown) => void)[] = []
    let well = false
    const client = pretended(() => (well ? [1, 0, 4, 200] : new Promise((resolve) => waiting.push(resolve))))
    const store = redisStore({ client, timeoutMs: 50, retryMs: 100 })
    const limiter = store.limiter([RULE])
    const ask = () => inTime(limiter.take(['k'], 1, exchange({ clock })))
    for (let i = 0; i < 5; i++) await clock.until(ask())
    for (const answer of waiting) answer([1, 0, 4, 200])
    await clock.advance(0)
    expect([store.unavailable, store.pending]).toEqual([true, 0])
    well = true
    await clock.advance(100)
    expect(await ask()).toBe('decided')
    expect([store.unavailable, await ask()]).toEqual([false, 'decided'])
    expect(clock.nextInMs).toBeUndefined()
  })

  test('a client that throws at once is one that fails', async () => {
    const sendCommand = () => {
      throw new Error('The client is closed')
    }
    expect(
      await inTime(redisStore({ client: { sendCommand } }).limiter([RULE]).take(['k'], 1, exchange())),
    ).toBe('The client is closed')
  })

  test('a proxy leaves nothing behind', async () => {
    const store = redisStore({ client: pretended(never), timeoutMs: 50 })
    const app = proxy()
      .use(rateLimit({ limit: 5, per: '1s', store, whenUnavailable: 'refuse' }))
      .route('/', () => respond(200))
    const sim = simulate(app)
    for (let i = 0; i < 8; i++) expect((await sim.get('/')).status).toBe(503)
    await sim.assertNoLeaks()
  })
})

describe('redisStore with a lease', () => {
  const leased = (client: RedisClient, units = 10) =>
    redisStore({ client, lease: { units, forMs: 1_000 } }).limiter([RULE])

  test('asks for several units, and spends them at once; what is not spent in time is lost', async () => {
    const clock = virtualClock()
    const client = pretended((args) => [Number(args.at(-5)), 0, 100, 200])
    const limiter = leased(client)
    const ask = () => limiter.take(['k'], 1, exchange({ clock }))
    expect(await ask()).toEqual([{ waitMs: 0, remaining: 109, resetMs: 200 }])
    for (let left = 8; left >= 0; left--) {
      const verdicts = ask()
      expect(verdicts).toEqual([{ waitMs: 0, remaining: 100 + left, resetMs: 200 }])
    }
    await ask()
    expect(client.commands.map((args) => args.slice(-6, -4))).toEqual([
      ['1', '10'],
      ['1', '10'],
    ])
    await clock.advance(1_000)
    await ask()
    expect(client.commands.length).toBe(3)
  })

  test('asks for one lease of a key at a time', async () => {
    const answers: ((value: unknown) => void)[] = []
    const client = pretended(() => new Promise((resolve) => answers.push(resolve)))
    const limiter = leased(client)
    const at = exchange()
    const all = [limiter.take(['k'], 1, at), limiter.take(['k'], 1, at), limiter.take(['other'], 1, at)]
    await Promise.resolve()
    expect(client.commands.map((args) => args.at(-5))).toEqual(['10', '1', '10'])
    for (const answer of answers) answer([0, 100, 0, 200])
    for (const decision of all) await decision
    // One that was refused may ask for a lease again.
    void limiter.take(['k'], 1, at)
    expect(client.commands.at(-1)!.at(-5)).toBe('10')
    for (const answer of answers) answer([0, 100, 0, 200])
  })

  test('a lease that cannot be asked for leaves the next one to be asked for', async () => {
    const client = pretended((args, number) => {
      if (number === 0) throw new Error('gone')
      return [Number(args.at(-5)), 0, 100, 200]
    })
    const limiter = leased(client)
    await expect(limiter.take(['k'], 1, exchange())).rejects.toThrow('gone')
    await limiter.take(['k'], 1, exchange())
    expect(client.commands.at(-1)!.at(-5)).toBe('10')
  })
})

describe('redisStore refuses', () => {
  const client: RedisClient = { sendCommand: async () => undefined }
  test.each<[string, RedisStoreOptions]>([
    ['client', {} as RedisStoreOptions],
    ['client', { client: null as unknown as RedisClient }],
    ['client', { client: { get: () => {} } as unknown as RedisClient }],
    ['prefix', { client, prefix: 'a{b}' }],
    ['timeoutMs', { client, timeoutMs: 0 }],
    ['maxPending', { client, maxPending: 0 }],
    ['retryMs', { client, retryMs: 'soon' as '1s' }],
    ['units', { client, lease: { units: 1 } }],
    ['forMs', { client, lease: { units: 5, forMs: 0 } }],
    ['maxKeys', { client, lease: { units: 5, maxKeys: 0 } }],
    ['size', { client, lease: { size: 5 } as unknown as { units: number } }],
    ['url', { client, url: 'redis://a' } as RedisStoreOptions],
  ])('a wrong %s', (option, options) => {
    expect(() => redisStore(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })
})
