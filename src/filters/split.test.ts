import { describe, expect, test } from 'vitest'

import { attribute } from '../core/attribute.ts'
import { ProxyError } from '../core/errors.ts'
import { onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, type Simulation, simulate } from '../testing/index.ts'
import { type SplitArm, type SplitOptions, split, splitArm } from './split.ts'

const stable = pool(['http://stable'], { name: 'stable' })
const canary = pool(['http://canary'], { name: 'canary' })
const named = (name: string) => ({ [name]: () => respond(200, name) })[name]!

const TWO: readonly SplitArm[] = [
  { weight: 95, to: named('stable') },
  { weight: 5, to: named('canary') },
]

/** Which arm an exchange has whose chance is this. */
async function armOf(
  arms: readonly SplitArm[],
  options?: SplitOptions,
  given: Parameters<typeof exchange>[0] = {},
) {
  const one = exchange(given)
  const response = await split(arms, options)(one)
  expect(one.get(splitArm)).toBe(await response.body.text())
  return one.get(splitArm)
}

describe('split divides by weight', () => {
  test.each([
    [0, 'stable'],
    [0.949, 'stable'],
    [0.95, 'canary'],
    [0.999999, 'canary'],
  ])('and chance: at %d it is %s', async (random, arm) => {
    expect(await armOf(TWO, {}, { random: () => random })).toBe(arm)
  })

  test('whatever their sum', async () => {
    const arms = ['a', 'b', 'c'].map((name) => ({ weight: 0.1, to: named(name) }))
    const at = (random: number) => armOf(arms, {}, { random: () => random })
    expect(await Promise.all([at(0), at(0.34), at(0.66), at(0.67), at(1 - 2 ** -53)])).toEqual([
      'a',
      'b',
      'b',
      'c',
      'c',
    ])
  })

  test('and gives nothing to one of no weight', async () => {
    const arms = [
      { weight: 0, to: named('none') },
      { weight: 1, to: named('all') },
      { weight: 0, to: named('last') },
    ]
    for (const random of [0, 0.5, 1 - 2 ** -53])
      expect(await armOf(arms, {}, { random: () => random })).toBe('all')
  })

  test('answers at once where the target does', () => {
    expect(split(TWO)(exchange()) instanceof Promise).toBe(false)
  })
})

describe('split asks', () => {
  const tenant = attribute<string>('tenant')
  const arms: readonly SplitArm[] = [
    { weight: 1, to: named('stable') },
    { weight: 0, to: named('canary'), when: ({ request }) => request.headers.get('x-canary') === 'yes' },
    { weight: 0, to: named('acme'), when: (it) => it.get(tenant) === 'acme' },
    { weight: 0, to: named('broken'), when: (async () => true) as unknown as () => boolean },
  ]

  test('each arm in order whether it is meant', async () => {
    expect(await armOf(arms)).toBe('stable')
    expect(await armOf(arms, {}, { headers: { 'X-Canary': 'yes' } })).toBe('canary')
    const one = exchange()
    one.set(tenant, 'acme')
    await split(arms)(one)
    expect(one.get(splitArm)).toBe('acme')
    const both = exchange({ headers: { 'X-Canary': 'yes' } })
    both.set(tenant, 'acme')
    await split(arms, { by: () => 'key', cookie: true })(both)
    expect(both.get(splitArm)).toBe('canary')
  })
})

describe('split by a key', () => {
  const by = (user: string, percent = 5, salt = ''): Promise<string | undefined> =>
    armOf(
      [
        { weight: 100 - percent, to: named('stable') },
        { weight: percent, to: named('canary') },
      ],
      { by: () => user, salt },
      { random: () => 0.99 },
    )
  const users = Array.from({ length: 200 }, (_, i) => `user ${i}`)
  const canaries = async (percent: number, salt = '') => {
    const arms = await Promise.all(users.map((user) => by(user, percent, salt)))
    return users.filter((_, i) => arms[i] === 'canary')
  }

  test('has the same arm each time, and keeps it while its part grows', async () => {
    const few = await canaries(20)
    expect(few.length).toBeGreaterThan(10)
    expect(await canaries(20)).toEqual(few)
    const more = await canaries(40)
    expect(more.length).toBeGreaterThan(few.length)
    expect(more).toEqual(expect.arrayContaining(few))
  })

  test('has another one with another salt', async () => {
    expect(await canaries(20, 'other')).not.toEqual(await canaries(20))
  })

  test('goes by chance where there is none', async () => {
    expect(await armOf(TWO, { by: () => undefined }, { random: () => 0.99 })).toBe('canary')
  })
})

describe('split by a cookie', () => {
  async function visit(sim: Simulation, cookie?: string) {
    const { headers, ...response } = await sim.get(
      '/',
      cookie === undefined ? {} : { headers: { Cookie: cookie } },
    )
    return { arm: response.body.toString(), line: headers.get('set-cookie') }
  }
  const begin = () => {
    const arms = [
      { weight: 1, to: stable },
      { weight: 1, to: canary },
    ]
    const sim = simulate(proxy().route('/', split(arms, { cookie: true })))
    sim.upstream('http://stable').reply({ body: 'stable' })
    sim.upstream('http://canary').reply({ body: 'canary' })
    return sim
  }

  test('keeps a browser at its arm, and tells it once', async () => {
    await using sim = begin()
    const seen = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const first = await visit(sim)
      expect(first.line).toMatch(/^__Host-split=[0-9a-f]{8}; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
      const cookie = first.line!.split(';')[0]!
      expect(await visit(sim, `a=b; ${cookie}`)).toEqual({ arm: first.arm, line: undefined })
      seen.add(first.arm)
    }
    expect(seen.size).toBe(2)
    await sim.assertNoLeaks()
  })

  test.each(['', 'x', 'ffffffff0', 'FFFFFFFF', '-1', '0x000001', '__proto__'])(
    'ignores %j',
    async (value) => {
      await using sim = begin()
      expect((await visit(sim, `__Host-split=${value}`)).line).toBeDefined()
      await sim.assertNoLeaks()
    },
  )

  test.each([
    ['00000000', 'stable'],
    ['7fffffff', 'stable'],
    ['80000000', 'canary'],
    ['ffffffff', 'canary'],
  ])('reads %s as %s', async (value, arm) => {
    await using sim = begin()
    expect(await visit(sim, `__Host-split=${value}`)).toEqual({ arm, line: undefined })
    await sim.assertNoLeaks()
  })

  test('is as its options say, and only given where it decides', async () => {
    const at = split(TWO, {
      by: ({ request }) => request.headers.get('x-user'),
      cookie: { name: 'half', secure: false },
    })
    const fresh = await at(exchange({ random: () => 0.5 }))
    expect(fresh.headers.get('set-cookie')).toBe('half=80000000; Path=/; HttpOnly; SameSite=Lax')
    const keyed = await at(exchange({ headers: { 'X-User': '7' } }))
    expect(keyed.headers.has('set-cookie')).toBe(false)
  })
})

describe('split in a proxy', () => {
  test('starts its pools, shows them, and ends with them', async () => {
    const app = proxy().route(
      '/',
      split([
        { weight: 1, to: stable.health({ path: '/healthz', intervalMs: '1s' }) },
        { weight: 1, to: 'http://canary' },
      ]),
    )
    expect(app.explain('GET http://example.com/').target).toMatchObject({
      kind: 'handler',
      name: 'split',
      uses: [{ name: 'stable' }, { kind: 'service', name: 'http://canary' }],
    })
    await using sim = simulate(app, { seed: 3 })
    await sim.advance('3s')
    expect(sim.upstream('http://stable').requests.length).toBeGreaterThan(1)
    const seen = new Set<string | undefined>()
    for (let i = 0; i < 20; i++) seen.add((await sim.get('/')).exchange!.attempts[0]!.endpoint)
    expect(seen).toEqual(new Set(['http://stable', 'http://canary']))
    await sim.assertNoLeaks()
  })

  test('fails as its arm does', async () => {
    const failing = split([
      {
        weight: 1,
        name: 'no',
        to: () => {
          throw new ProxyError('overloaded')
        },
      },
    ])
    await using sim = simulate(proxy().route('/', failing))
    expect((await sim.get('/')).status).toBe(503)
    await sim.assertNoLeaks()
  })

  test('within a split, says the inner arm; filters behind it stand in one arm', async () => {
    const inner = split([{ weight: 1, to: named('inner') }])
    const outer = split([{ weight: 1, name: 'outer', to: inner }])
    const arms: (string | undefined)[] = []
    const log = onRequest((one) => one.onComplete(() => arms.push(one.get(splitArm))))
    await using sim = simulate(proxy().use(log).route('/', outer))
    expect((await sim.get('/')).text()).toBe('inner')
    expect(arms).toEqual(['inner'])
    await sim.assertNoLeaks()
  })
})

describe('split refuses', () => {
  const to = named('a')
  test.each<[unknown, unknown, string]>([
    [undefined, {}, '"arms" must be a list of arms'],
    [[], {}, '"arms" must be a list of arms'],
    [[{ weight: 0, to }], {}, '"arms" must be arms of which at least one has a weight'],
    [
      [
        { weight: Number.MAX_VALUE, to },
        { weight: Number.MAX_VALUE, to: named('b') },
      ],
      {},
      '"arms" must be arms of which',
    ],
    [[{ weight: 1 }], {}, '"arms[0].to" must be a pool, a handler'],
    [[{ weight: 1, to: 'users' }], {}, '"arms[0].to" must be a pool, a handler'],
    [[{ to }], {}, '"arms[0].weight" must be a number that is not negative'],
    [[{ weight: -1, to }], {}, '"arms[0].weight" must be a number that is not negative'],
    [[{ weight: '1', to }], {}, '"arms[0].weight" must be a number that is not negative'],
    [[{ weight: 1, to, when: true }], {}, '"arms[0].when" must be a function'],
    [
      [
        { weight: 1, to },
        { weight: 1, to },
      ],
      {},
      '"arms[1].name" must be a text that no other arm',
    ],
    [
      [
        {
          weight: 1,
          to: (
            () => () =>
              respond(200)
          )(),
        },
      ],
      {},
      '"arms[0].name" must be a text',
    ],
    [[{ weight: 1, target: to }], {}, '"target" must be one of the options'],
    [[{ weight: 1, to }], { by: 'user' }, '"by" must be a function'],
    [[{ weight: 1, to }], { salt: 7 }, '"salt" must be a text'],
    [[{ weight: 1, to }], { cookie: 'a' }, '"cookie" must be true, false or options'],
    [[{ weight: 1, to }], { cookie: { name: 'a b' } }, '"cookie.name" must be a token'],
    [[{ weight: 1, to }], { key: 'a' }, '"key" must be one of the options'],
  ])('%j, %j', (arms, options, message) => {
    expect(() => split(arms as SplitArm[], options as SplitOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
