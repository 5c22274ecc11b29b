import { type EndpointOptions, type PoolEvent, type PoolHandle, pool, proxy } from 'gatewright'
import {
  type AddressRecord,
  type DnsOptions,
  dns,
  type NameService,
  type ServiceRecord,
} from 'gatewright/discovery'
import { seededRandom, simulate, virtualClock } from 'gatewright/testing'
import { beforeEach, describe, expect, test, vi } from 'vitest'

beforeEach(() => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  return () => written.mockRestore()
})

type Answer<T> = readonly T[] | Error | 'silence'

/** A name service that says what a test has it say, and notes what it is asked. */
class FakeNames implements NameService {
  readonly records: Record<string, Answer<AddressRecord>> = {}
  srv: Answer<ServiceRecord> = []
  readonly asked: string[] = []
  readonly signals: AbortSignal[] = []

  addresses(name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly AddressRecord[]> {
    return this.#answer(`${name}/${family}`, this.records[`${name}/${family}`] ?? [], signal)
  }

  services(name: string, signal: AbortSignal): Promise<readonly ServiceRecord[]> {
    return this.#answer(name, this.srv, signal)
  }

  #answer<T>(question: string, answer: Answer<T>, signal: AbortSignal): Promise<readonly T[]> {
    this.asked.push(question)
    this.signals.push(signal)
    if (answer === 'silence') return new Promise(() => {})
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
}

function a(ttlMs: number | undefined, ...addresses: readonly string[]): readonly AddressRecord[] {
  return addresses.map((address) => ({ address, ttlMs }))
}

async function world(options: DnsOptions, prepare: (names: FakeNames) => void) {
  const names = new FakeNames()
  prepare(names)
  const users = pool(dns({ resolver: names, ...options }), { name: 'users' })
  const sim = simulate(proxy().route('/', users), {
    seed: 1,
    upstreams: ['http://10.0.0.1', 'http://10.0.0.2'],
  })
  const handle = await sim.pool('users')
  const events: PoolEvent[] = []
  void (async () => {
    for await (const event of handle.events) events.push(event)
  })()
  await sim.settle()
  return { sim, names, handle, events }
}

function members({ endpoints }: PoolHandle): string[] {
  return endpoints.map(({ url }) => url.replace('http://', ''))
}

/** The first list, as the source gives it. */
async function firstList(service: string, resolver: NameService): Promise<readonly EndpointOptions[]> {
  const controller = new AbortController()
  const nothing = () => {}
  const surroundings = {
    clock: virtualClock(),
    random: seededRandom(1),
    get: () => Promise.reject(new Error('nothing is asked for')),
    refused: nothing,
    failed: nothing,
  }
  for await (const list of dns({ service, resolver })(controller.signal, surroundings))
    return list as readonly EndpointOptions[]
  return []
}

function told(events: readonly PoolEvent[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'source-failed' || event.kind === 'list-refused'
      ? [`${event.kind}: ${(event.error as Error).message}`]
      : [],
  )
}

describe('dns', () => {
  test('gives the addresses of both families, and serves through them', async () => {
    const { sim, names, handle } = await world({ host: 'users.test' }, (it) => {
      it.records['users.test/4'] = a(60_000, '10.0.0.2', '10.0.0.1')
      it.records['users.test/6'] = a(60_000, 'fd00::1')
    })
    expect(members(handle)).toEqual(['10.0.0.1', '10.0.0.2', '[fd00::1]'])
    expect(names.asked.sort()).toEqual(['users.test/4', 'users.test/6'])
    expect((await sim.get('/')).status).toBe(200)
    await sim.assertNoLeaks()
  })

  test.each<[DnsOptions['type'], string[]]>([
    ['A', ['10.0.0.1:8080']],
    ['AAAA', ['[fd00::1]:8080']],
  ])('asks for %s alone', async (type, expected) => {
    const { sim, names, handle } = await world({ host: 'users.test', type: type!, port: 8080 }, (it) => {
      it.records['users.test/4'] = a(60_000, '10.0.0.1')
      it.records['users.test/6'] = a(60_000, 'fd00::1')
    })
    expect(members(handle)).toEqual(expected)
    expect(names.asked).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('asks again when the first record is over, a little later by chance', async () => {
    const { sim, names, handle } = await world({ host: 'users.test', type: 'A' }, (it) => {
      it.records['users.test/4'] = [...a(20_000, '10.0.0.1'), ...a(90_000, '10.0.0.2')]
    })
    names.records['users.test/4'] = a(20_000, '10.0.0.2', '10.0.0.3')
    await sim.advance(19_999)
    expect([names.asked.length, members(handle)]).toEqual([1, ['10.0.0.1', '10.0.0.2']])
    await sim.advance(2_001)
    expect([names.asked.length, members(handle)]).toEqual([2, ['10.0.0.2', '10.0.0.3']])
    await sim.assertNoLeaks()
  })

  test.each<[string, number | undefined, Partial<DnsOptions>, number]>([
    ['at least minMs', 0, {}, 1_000],
    ['at least a minMs of its own', 2_000, { minMs: '10s' }, 10_000],
    ['at most maxMs', 86_400_000, {}, 300_000],
    ['at most a maxMs of its own', 60_000, { maxMs: '30s' }, 30_000],
    ['refreshMs where no record tells', undefined, {}, 30_000],
    ['a refreshMs of its own', undefined, { refreshMs: '7s' }, 7_000],
  ])('waits %s', async (_, ttlMs, options, waitMs) => {
    const given = { host: 'users.test', type: 'A', jitter: 0, ...options } as const
    const { sim, names } = await world(given, (it) => {
      it.records['users.test/4'] = a(ttlMs, '10.0.0.1')
    })
    await sim.advance(waitMs - 1)
    expect(names.asked).toHaveLength(1)
    await sim.advance(1)
    expect(names.asked).toHaveLength(2)
    await sim.assertNoLeaks()
  })

  test('keeps the last list while it is not answered, and asks less and less often', async () => {
    const { sim, names, handle, events } = await world({ host: 'users.test' }, (it) => {
      it.records['users.test/4'] = a(5_000, '10.0.0.1')
    })
    names.records['users.test/4'] = names.records['users.test/6'] = new Error('SERVFAIL')
    await sim.advance('5m')
    expect(members(handle)).toEqual(['10.0.0.1'])
    const waits = events.flatMap((event) => (event.kind === 'source-failed' ? [event.retryMs] : []))
    expect(waits.length).toBeGreaterThan(8)
    for (const [i, wait] of waits.entries()) {
      const span = Math.min(30_000, 1_000 * 2 ** i)
      expect(wait).toBeGreaterThanOrEqual(span)
      expect(wait).toBeLessThanOrEqual(span * 1.2)
    }
    names.records['users.test/4'] = a(5_000, '10.0.0.2')
    names.records['users.test/6'] = []
    await sim.advance('40s')
    expect(members(handle)).toEqual(['10.0.0.2'])
    names.records['users.test/4'] = names.records['users.test/6'] = new Error('SERVFAIL')
    await sim.advance('6s')
    const later = events.flatMap((event) => (event.kind === 'source-failed' ? [event.retryMs] : []))
    expect(later[waits.length]).toBeLessThanOrEqual(1_200)
    await sim.assertNoLeaks()
  })

  test('keeps the addresses of the family that is not answered, and follows the other one', async () => {
    const { sim, names, handle, events } = await world({ host: 'users.test' }, (it) => {
      it.records['users.test/4'] = a(5_000, '10.0.0.1')
      it.records['users.test/6'] = a(5_000, 'fd00::1')
    })
    names.records['users.test/4'] = a(5_000, '10.0.0.2')
    names.records['users.test/6'] = new Error('REFUSED')
    await sim.advance('1m')
    expect(members(handle)).toEqual(['10.0.0.2', '[fd00::1]'])
    names.records['users.test/4'] = new Error('REFUSED')
    await sim.advance('1m')
    names.records['users.test/4'] = a(5_000, '10.0.0.3')
    await sim.advance('1m')
    expect(members(handle)).toEqual(['10.0.0.3', '[fd00::1]'])
    expect(told(events)[0]).toBe('list-refused: REFUSED')
    expect(told(events).filter((it) => it.startsWith('list-refused'))).toHaveLength(1)
    names.records['users.test/6'] = []
    await sim.advance('1m')
    expect(members(handle)).toEqual(['10.0.0.3'])
    await sim.assertNoLeaks()
  })

  test('gives up a question that is not answered in time, and when the pool ends', async () => {
    const { sim, names, handle, events } = await world(
      { host: 'users.test', timeoutMs: '2s', type: 'A' },
      (it) => {
        it.records['users.test/4'] = 'silence'
      },
    )
    await sim.advance(1_999)
    expect([names.signals[0]!.aborted, told(events)]).toEqual([false, []])
    await sim.advance(1)
    expect(names.signals[0]!.aborted).toBe(true)
    expect(told(events)).toEqual(['source-failed: users.test: no answer within 2000 ms'])
    await sim.advance('1500ms')
    expect(members(handle)).toEqual([])
    expect(names.signals.map(({ aborted }) => aborted)).toEqual([true, false])
    await sim.assertNoLeaks()
    expect(names.signals[1]!.aborted).toBe(true)
    expect(told(events)).toHaveLength(1)
  })

  test('keeps the last list where there is no address, says so once, and asks again soon', async () => {
    const { sim, names, handle, events } = await world({ host: 'users.test', type: 'A', jitter: 0 }, (it) => {
      it.records['users.test/4'] = a(5_000, '10.0.0.1')
    })
    names.records['users.test/4'] = []
    await sim.advance('21s')
    expect([members(handle), names.asked.length]).toEqual([['10.0.0.1'], 5])
    expect(told(events)).toEqual([
      'list-refused: users.test names no endpoint at all ("allowEmpty" would take it at its word)',
    ])
    names.records['users.test/4'] = a(5_000, '10.0.0.1')
    await sim.advance('5s')
    names.records['users.test/4'] = []
    await sim.advance('5s')
    expect(told(events)).toHaveLength(2)
    await sim.assertNoLeaks()
  })

  test('empties the pool where it may', async () => {
    const options = { host: 'users.test', type: 'A', allowEmpty: true } as const
    const { sim, names, handle } = await world(options, (it) => {
      it.records['users.test/4'] = a(5_000, '10.0.0.1')
    })
    names.records['users.test/4'] = []
    await sim.advance('6s')
    expect(members(handle)).toEqual([])
    expect((await sim.get('/')).status).toBe(503)
    await sim.assertNoLeaks()
  })

  test.each<[string, readonly AddressRecord[]]>([
    ['a name', a(1, 'users.test')],
    ['an address of the other family', a(1, 'fd00::1')],
    ['the address of no host', a(1, '0.0.0.0')],
    ['nothing', [{ address: undefined as never }]],
    ['no list', 7 as never],
  ])('takes %s in the place of an address for a failure', async (_, records) => {
    const { sim, names, handle, events } = await world({ host: 'users.test', type: 'A' }, (it) => {
      it.records['users.test/4'] = a(1_000, '10.0.0.1')
    })
    names.records['users.test/4'] = records
    await sim.advance('2s')
    expect(members(handle)).toEqual(['10.0.0.1'])
    expect(told(events)[0]).toMatch(/^source-failed/)
    await sim.assertNoLeaks()
  })

  test('refuses more endpoints than any pool has', async () => {
    const { sim, names, handle, events } = await world({ host: 'users.test', type: 'A' }, (it) => {
      it.records['users.test/4'] = a(1_000, '10.0.0.1')
    })
    names.records['users.test/4'] = a(
      1_000,
      ...Array.from({ length: 10_001 }, (_, i) => `10.1.${i >> 8}.${i & 255}`),
    )
    await sim.advance('2s')
    expect(members(handle)).toEqual(['10.0.0.1'])
    expect(told(events)).toEqual(['list-refused: users.test names 10001 endpoints, more than 10000'])
    await sim.assertNoLeaks()
  })
})

describe('dns of services', () => {
  const service = '_http._tcp.users.test'

  test('makes tiers of priorities, and shares weights out among the addresses of a host', async () => {
    const { sim, names, handle } = await world({ service, jitter: 0 }, (it) => {
      it.srv = [
        { host: 'one.test.', port: 8001, priority: 0, weight: 60 },
        { host: 'two.test', port: 8002, priority: 0, weight: 0 },
        { host: 'three.test', port: 8003, priority: 7, weight: 5 },
      ]
      it.records['one.test/4'] = a(60_000, '10.0.0.1', '10.0.0.2')
      it.records['one.test/6'] = a(60_000, 'fd00::1')
      it.records['two.test/4'] = a(9_000, '10.0.0.3')
      it.records['three.test/4'] = a(60_000, '10.0.0.4')
    })
    const shown = () => handle.endpoints.map(({ url, weight }) => [url.replace('http://', ''), weight])
    expect(shown()).toEqual([
      ['10.0.0.1:8001', 20],
      ['10.0.0.2:8001', 20],
      ['10.0.0.3:8002', 0.1],
      ['10.0.0.4:8003', 5],
      ['[fd00::1]:8001', 20],
    ])
    expect((await firstList(service, names)).map(({ priority }) => priority)).toEqual([0, 0, 0, 7, 0])
    // By the shortest time of what tells one.
    names.srv = [{ host: 'two.test', port: 8002, priority: 3, weight: 9 }]
    await sim.advance('8s')
    expect(shown()).toHaveLength(5)
    await sim.advance('1s')
    expect(shown()).toEqual([['10.0.0.3:8002', 9]])
    await sim.assertNoLeaks()
  })

  test('takes an address that several names lead to for one endpoint', async () => {
    const it = new FakeNames()
    it.srv = [
      { host: 'late.test', port: 80, priority: 2, weight: 50 },
      { host: 'one.test', port: 80, priority: 1, weight: 3 },
      { host: 'two.test', port: 80, priority: 1, weight: 4 },
      { host: 'late.test', port: 80, priority: 3, weight: 50 },
    ]
    for (const host of ['one', 'two', 'late']) it.records[`${host}.test/4`] = a(60_000, '10.0.0.1')
    expect(await firstList(service, it)).toEqual([{ url: 'http://10.0.0.1:80', weight: 7, priority: 1 }])
  })

  test.each([
    ['names', (i: number) => ({ host: `${i}.test`, port: 80 })],
    ['ports', (i: number) => ({ host: '0.test', port: 80 + i })],
  ])('gives up a name that leads to too many addresses, by its %s', async (_, placeOf) => {
    const { sim, handle, events } = await world({ service, type: 'A' }, (it) => {
      it.srv = [0, 1, 2].map((i) => ({ ...placeOf(i), priority: 0, weight: 1 }))
      for (let i = 0; i < 3; i++)
        it.records[`${i}.test/4`] = a(
          1,
          ...Array.from({ length: 7_000 }, (_, at) => `10.${i}.${at >> 8}.${at & 255}`),
        )
    })
    expect(members(handle)).toEqual([])
    expect(told(events)).toEqual(['source-failed: the name leads to more than 20000 addresses'])
    await sim.assertNoLeaks()
  })

  test('takes the single dot for no service', async () => {
    const { sim, events } = await world({ service }, (it) => {
      it.srv = [{ host: '.', port: 0, priority: 0, weight: 0 }]
    })
    expect(told(events)).toEqual([
      `list-refused: ${service} names no endpoint at all ("allowEmpty" would take it at its word)`,
    ])
    await sim.assertNoLeaks()
  })

  test.each<[string, Partial<ServiceRecord>]>([
    ['port', { port: 0 }],
    ['weight', { weight: -1 }],
    ['priority', { priority: 1.5 }],
    ['host', { host: 'a/b' }],
    ['host that is none', { host: 7 as never }],
  ])('takes a record with an odd %s for a failure', async (_, odd) => {
    const { sim, events } = await world({ service }, (it) => {
      it.srv = [{ host: 'one.test', port: 80, priority: 0, weight: 1, ...odd }]
    })
    await sim.advance('2s')
    expect(told(events)).toContain('source-failed: a service record makes no sense')
    await sim.assertNoLeaks()
  })
})

test('explain names what is asked for', () => {
  expect(pool(dns({ host: 'users.test' })).describe().source).toBe('dns(users.test)')
})

test.each<[DnsOptions, string]>([
  [{}, 'host'],
  [{ host: 'a b' }, 'host'],
  [{ host: 'a.test', service: '_http._tcp.test' }, 'host'],
  [{ service: '' }, 'service'],
  [{ service: '_http._tcp.test', port: 80 }, 'port'],
  [{ host: 'a.test', port: 65_536 }, 'port'],
  [{ host: 'a.test', scheme: 'tcp' }, 'port'],
  [{ host: 'a.test', scheme: 'ftp' as never }, 'scheme'],
  [{ host: 'a.test', type: 'SRV' as never }, 'type'],
  [{ host: 'a.test', type: 'toString' as never }, 'type'],
  [{ host: 'a.test', minMs: 1 }, 'minMs'],
  [{ host: 'a.test', minMs: 100, maxMs: 99 }, 'maxMs'],
  [{ host: 'a.test', jitter: 2 }, 'jitter'],
  [{ host: 'a.test', servers: [] }, 'servers'],
  [{ host: 'a.test', servers: ['ns.test'] }, 'servers'],
  [{ host: 'a.test', resolver: {} as never }, 'resolver'],
  [{ host: 'a.test', hots: 'a' } as never, 'hots'],
])('dns refuses %j', (options, option) => {
  expect(() => dns(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
})
