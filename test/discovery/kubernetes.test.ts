import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type PoolEvent, type PoolHandle, pool, proxy, selfSigned } from 'gatewright'
import { type KubernetesOptions, kubernetes } from 'gatewright/discovery'
import { fault, type Simulation, simulate } from 'gatewright/testing'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { FakeCluster, type FakeSlice, status } from './fake-cluster.ts'

beforeEach(() => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  return () => written.mockRestore()
})

const SERVER = 'https://api:6443'

/** A proxy whose pool is of a service of a cluster, both in memory. */
async function world(
  options: Partial<KubernetesOptions> = {},
  prepare: (cluster: FakeCluster) => void = () => {},
) {
  const cluster = new FakeCluster()
  prepare(cluster)
  const source = kubernetes({ service: 'users', namespace: 'shop', server: SERVER, ...options })
  const users = pool(source, { name: 'users' })
  const sim = simulate(proxy().route('/', users), { seed: 1, upstreams: [SERVER], keep: 100_000 })
  sim.upstream(SERVER).reply((request) => cluster.answer(request.target, request.header('authorization')))
  const handle = await sim.pool('users')
  const events: PoolEvent[] = []
  void (async () => {
    for await (const event of handle.events) events.push(event)
  })()
  await sim.advance(10)
  return { sim, cluster, handle, events }
}

/** Their addresses. */
function members({ endpoints }: PoolHandle): string[] {
  return endpoints.map(({ url }) => url.replace('http://', ''))
}

/** What was told of failures and of answers that do not count. */
function told(events: readonly PoolEvent[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'source-failed' || event.kind === 'list-refused'
      ? [String((event.error as Error).message)]
      : [],
  )
}

function files(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-kubernetes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function end(sim: Simulation): Promise<void> {
  await sim.assertNoLeaks()
}

describe('kubernetes', () => {
  test('lists the slices of the service, and follows what becomes of them', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1', '10.0.0.2'))
    expect(members(handle)).toEqual(['10.0.0.1:8080', '10.0.0.2:8080'])
    const [list, watch] = cluster.requests
    expect(list!.path).toBe('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices')
    expect(list!.query.get('labelSelector')).toBe('kubernetes.io/service-name=users')
    expect(Object.fromEntries(watch!.query)).toMatchObject({
      labelSelector: 'kubernetes.io/service-name=users',
      resourceVersion: '101',
      allowWatchBookmarks: 'true',
      timeoutSeconds: expect.stringMatching(/^(?:1[89]\d|2[0-3]\d|240)$/),
    })
    cluster.pods('10.0.0.2', '10.0.0.3')
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.2:8080', '10.0.0.3:8080'])
    cluster.put('users-2', {
      endpoints: [{ addresses: ['10.0.0.4'], zone: 'b' }, { addresses: ['10.0.0.3'] }],
    })
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.2:8080', '10.0.0.3:8080', '10.0.0.4:8080'])
    expect(handle.endpoints.map(({ zone }) => zone)).toEqual([undefined, undefined, 'b'])
    cluster.remove('users-1')
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.3:8080', '10.0.0.4:8080'])
    expect([cluster.count('list'), cluster.count('watch'), told(events)]).toEqual([1, 1, []])
    await end(sim)
    expect(sim.upstream(SERVER).connections).toBe(0)
  })

  test('serves through the pods', async () => {
    const cluster = new FakeCluster()
    cluster.pods('10.0.0.1')
    const users = pool(kubernetes({ service: 'users', namespace: 'shop', server: SERVER }))
    await using sim = simulate(proxy().route('/', users), { upstreams: [SERVER, 'http://10.0.0.1:8080'] })
    sim.upstream(SERVER).reply(({ target }) => cluster.answer(target, undefined))
    await sim.advance(10)
    expect((await sim.get('/')).status).toBe(200)
    await sim.assertNoLeaks()
  })

  test('leaves out pods that are not ready, and those that end', async () => {
    const conditions = (ready?: boolean, terminating?: boolean) => ({
      ...(ready === undefined ? {} : { ready }),
      ...(terminating === undefined ? {} : { terminating, serving: true }),
    })
    const { sim, cluster, handle, events } = await world({}, (it) =>
      it.put('users-1', {
        endpoints: [
          { addresses: ['10.0.0.1', '10.0.9.1'], conditions: conditions(true, false) },
          { addresses: ['10.0.0.2'], conditions: conditions(false) },
          { addresses: ['10.0.0.3'], conditions: conditions(undefined, undefined) },
          { addresses: ['10.0.0.4'], conditions: conditions(true, true) },
          { addresses: ['10.0.0.5'] },
        ],
      }),
    )
    expect(members(handle)).toEqual(['10.0.0.1:8080', '10.0.0.3:8080', '10.0.0.5:8080'])
    // A pod that flaps.
    for (const ready of [false, true, false, true]) {
      cluster.put('users-1', {
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }, { addresses: ['10.0.0.5'] }],
      })
      await sim.settle()
      expect(members(handle)).toEqual(ready ? ['10.0.0.1:8080', '10.0.0.5:8080'] : ['10.0.0.5:8080'])
    }
    expect(told(events)).toEqual([])
    await end(sim)
  })

  test('keeps the last list where no pod is ready, and says so once', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    cluster.pods()
    await sim.settle()
    cluster.remove('users-1')
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.1:8080'])
    expect(told(events)).toEqual([
      'the Service shop/users names no endpoint at all ("allowEmpty" would take it at its word)',
    ])
    cluster.pods('10.0.0.2')
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.2:8080'])
    await end(sim)
  })

  test('empties the pool where it may', async () => {
    const { sim, cluster, handle, events } = await world({ allowEmpty: true }, (it) => it.pods('10.0.0.1'))
    cluster.pods()
    await sim.settle()
    expect([members(handle), told(events)]).toEqual([[], []])
    await end(sim)
  })

  test('reads a list in pages', async () => {
    const { sim, cluster, handle } = await world({}, (it) => {
      it.pageSize = 2
      for (let i = 1; i <= 5; i++) it.put(`users-${i}`, { endpoints: [{ addresses: [`10.0.0.${i}`] }] })
    })
    expect(members(handle)).toHaveLength(5)
    expect(cluster.requests.map(({ kind, query }) => [kind, query.get('continue')])).toEqual([
      ['list', null],
      ['list', '2'],
      ['list', '4'],
      ['watch', null],
    ])
    await end(sim)
  })

  test('goes on where a watch has ended or broken off, without another list', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    cluster.bookmark()
    await sim.settle()
    cluster.endWatches()
    await sim.settle()
    cluster.pods('10.0.0.2')
    expect(members(handle)).toEqual(['10.0.0.1:8080'])
    await sim.advance('2s')
    expect(members(handle)).toEqual(['10.0.0.2:8080'])
    expect(cluster.requests[2]!.query.get('resourceVersion')).toBe('102')
    cluster.sayPart('{"type":"MODI')
    await sim.settle()
    sim.upstream(SERVER).resetConnections()
    await sim.settle()
    cluster.pods('10.0.0.3')
    await sim.advance('2s')
    expect(members(handle)).toEqual(['10.0.0.3:8080'])
    expect([cluster.count('list'), cluster.count('watch'), told(events)]).toEqual([1, 3, []])
    // No watch is begun more than once a second, however often they end.
    for (let i = 0; i < 10; i++) {
      cluster.endWatches()
      await sim.advance(200)
    }
    expect(cluster.count('watch')).toBeLessThanOrEqual(6)
    await end(sim)
  })

  test('gives up a watch that is silent for too long', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    for (const connection of sim.network.connections) connection.stall()
    cluster.pods('10.0.0.2')
    await sim.advance('2m')
    expect([members(handle), cluster.count('watch')]).toEqual([['10.0.0.1:8080'], 1])
    await sim.advance('140s')
    expect([members(handle), cluster.count('watch'), cluster.count('list')]).toEqual([
      ['10.0.0.2:8080'],
      2,
      1,
    ])
    expect(told(events)).toEqual([])
    await end(sim)
  })

  test('gives up a watch that goes on for too long, and a list that never ends', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    for (let i = 0; i < 5; i++) {
      cluster.sayPart(' ')
      await sim.advance('1m')
    }
    expect([cluster.count('watch'), cluster.count('list'), told(events)]).toEqual([2, 1, []])
    // A piece in every second: the head in time, and the rest a long time after.
    sim.upstream(SERVER).inject(fault.drip(32, '1s'), { next: 1 })
    cluster.put('users-2', { endpoints: Array.from({ length: 99 }, () => ({ addresses: ['10.0.0.2'] })) })
    await sim.settle()
    cluster.say('{"type":"ERROR","object":{"code":410}}')
    await sim.advance('31s')
    expect(events.at(-1)).toMatchObject({ error: { code: 'upstream_body_timeout' } })
    await sim.advance('3s')
    expect([members(handle), cluster.count('list')]).toEqual([['10.0.0.1:8080', '10.0.0.2:8080'], 3])
    await end(sim)
  })

  test.each<[string, (it: FakeCluster) => void, number]>([
    [
      'an event',
      (it) => it.say(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'x' } })),
      2,
    ],
    [
      'an answer',
      (it) => {
        it.endWatches()
        it.pods('10.0.0.3')
        it.compact()
      },
      3,
    ],
  ])('lists anew where %s says that what it knows is gone', async (_, happen, watches) => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    await sim.advance('10s')
    cluster.put('users-2', { endpoints: [{ addresses: ['10.0.0.2'] }] })
    await sim.settle()
    happen(cluster)
    await sim.advance('3s')
    expect([cluster.count('list'), cluster.count('watch')]).toEqual([2, watches])
    expect(members(handle)).toContain('10.0.0.2:8080')
    cluster.pods('10.0.0.4')
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.2:8080', '10.0.0.4:8080'])
    expect(told(events)).toEqual([])
    await end(sim)
  })

  test('asks less and less often where it is told again and again that it is gone', async () => {
    const { sim, cluster, events } = await world({}, (it) => it.pods('10.0.0.1'))
    cluster.endWatches()
    // Every watch, and no list.
    const gone = status(410, 'gone')
    sim
      .upstream(SERVER)
      .reply(({ target }) => (target.includes('watch=1') ? gone : cluster.answer(target, undefined)))
    await sim.advance('5m')
    expect(cluster.count('list')).toBeLessThan(20)
    expect(told(events)[0]).toBe('the API server does not know any more what was listed')
    await end(sim)
  })

  test('bears an API server that is gone for minutes', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1', '10.0.0.2'))
    sim.upstream(SERVER).outage({ lasts: '5m' })
    await sim.advance(299_000)
    expect(members(handle)).toEqual(['10.0.0.1:8080', '10.0.0.2:8080'])
    const failures = events.filter(({ kind }) => kind === 'source-failed')
    expect(failures.length).toBeGreaterThan(8)
    expect(failures.length).toBeLessThan(16)
    cluster.pods('10.0.0.2', '10.0.0.3')
    await sim.advance('40s')
    expect(members(handle)).toEqual(['10.0.0.2:8080', '10.0.0.3:8080'])
    cluster.pods('10.0.0.3')
    await sim.settle()
    expect(members(handle)).toEqual(['10.0.0.3:8080'])
    // The bad time is over: the next failure is a first one.
    cluster.say('no JSON')
    await sim.settle()
    expect(events.at(-1)).toMatchObject({ kind: 'source-failed', retryMs: expect.closeTo(1_100, -2.4) })
    await end(sim)
  })

  test('reads the token anew for each request, and never tells it', async () => {
    const folder = files()
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, 'first.to-ken\n')
    const { sim, cluster, handle, events } = await world({ tokenFile }, (it) => {
      it.token = 'first.to-ken'
      it.pods('10.0.0.1')
    })
    expect(members(handle)).toEqual(['10.0.0.1:8080'])
    writeFileSync(tokenFile, 'second.to-ken')
    cluster.token = 'second.to-ken'
    cluster.endWatches()
    await sim.advance('2s')
    expect([cluster.count('watch'), told(events)]).toEqual([2, []])
    // One that is replaced too late.
    cluster.token = 'third.to-ken'
    cluster.endWatches()
    await sim.advance('1s')
    expect(told(events)).toEqual(['the API server answered 401: Unauthorized'])
    writeFileSync(tokenFile, 'third.to-ken')
    cluster.pods('10.0.0.2')
    await sim.advance('5s')
    expect(members(handle)).toEqual(['10.0.0.2:8080'])
    writeFileSync(tokenFile, 'no token\r\nX: y')
    cluster.endWatches()
    await sim.advance('1s')
    expect(told(events)).toEqual(['the API server answered 401: Unauthorized', `${tokenFile} has no token`])
    const written = [
      ...sim.journal.lines,
      ...vi
        .mocked(console.error)
        .mock.calls.flat()
        .map((it) => inspect(it)),
    ]
    expect(written.filter((it) => it.includes('has failed'))).toHaveLength(2)
    expect(written.filter((it) => it.includes('to-ken'))).toEqual([])
    await end(sim)
  })

  test.each<[string, string]>([
    ['no JSON', '}{'],
    ['no object', '7'],
    ['null', 'null'],
    ['no metadata', '{"type":"ADDED","object":{"addressType":"IPv4"}}'],
    ['no version', '{"type":"ADDED","object":{"metadata":{"name":"a"},"addressType":"IPv4"}}'],
    ['an unknown type', '{"type":"__proto__","object":{"metadata":{"resourceVersion":"1"}}}'],
    ['an error of its own', '{"type":"ERROR","object":{"code":500}}'],
    ['an odd list', slice({ endpoints: 'all' as never })],
    ['an odd address', slice({ endpoints: [{ addresses: ['10.0.0.1/../x'] }] })],
    ['no address', slice({ endpoints: [{ addresses: [] }] })],
    ['an address of another kind', slice({ addressType: 'IPv6', endpoints: [{ addresses: ['10.0.0.1'] }] })],
    ['an odd zone', slice({ endpoints: [{ addresses: ['10.0.0.1'], zone: 'a\nb' }] })],
    ['a zone without end', slice({ endpoints: [{ addresses: ['10.0.0.1'], zone: 'a'.repeat(254) }] })],
    ['an odd name of a port', slice({ ports: [{ name: 'http\n', port: 80 }], endpoints: [] })],
    ['an odd port', slice({ ports: [{ port: 70_000 }], endpoints: [] })],
    ['deep nesting', '['.repeat(100_000)],
  ])('keeps the last list where the watch says %s, and begins anew', async (_, line) => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    cluster.say(line)
    await sim.settle()
    expect(events.at(-1)).toMatchObject({ kind: 'source-failed' })
    expect(members(handle)).toEqual(['10.0.0.1:8080'])
    cluster.pods('10.0.0.2')
    await sim.advance('3s')
    expect(members(handle)).toEqual(['10.0.0.2:8080'])
    await end(sim)
  })

  test.each([
    ['is no JSON', { status: 200, body: '<html>' }, 'the API server has sent what is no JSON'],
    [
      'has no version',
      { status: 200, body: '{"items":[]}' },
      'the API server has left out a resourceVersion',
    ],
    ['is a refusal', status(403, 'not\u0007allowed'), 'the API server answered 403: not allowed'],
    ['is another page', { status: 404, body: 'nothing here' }, 'the API server answered 404'],
  ])('keeps the last list where a list %s', async (_, answer, message) => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    await sim.advance('10s')
    cluster.instead.push(answer)
    cluster.say('{"type":"ERROR","object":{"code":410}}')
    await sim.advance(100)
    expect([members(handle), told(events)]).toEqual([['10.0.0.1:8080'], [message]])
    await end(sim)
  })

  test('gives up a line that does not end', async () => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    const piece = 'x'.repeat(1_048_576)
    for (let i = 0; i < 5; i++) {
      cluster.sayPart(piece)
      await sim.settle()
    }
    expect(told(events)).toEqual(['the API server has sent a line of more than 4194304 bytes'])
    expect(members(handle)).toEqual(['10.0.0.1:8080'])
    await end(sim)
  })

  test.each<[string, (cluster: FakeCluster) => void, string]>([
    [
      'pages without end',
      (it) => {
        it.put('users-2', {})
        it.pageSize = 0
      },
      'the API server has more than 100 pages to list',
    ],
    [
      'more slices than any service has',
      (it) => {
        for (let i = 0; i <= 2_000; i++) it.put(`many-${i}`, {})
      },
      'the Service has more than 2000 EndpointSlices',
    ],
    [
      'more endpoints than any service has',
      (it) => {
        const endpoints = Array.from({ length: 12_600 }, () => ({ addresses: ['10.0.0.2'] }))
        for (let i = 0; i < 4; i++) it.put(`many-${i}`, { endpoints })
      },
      'the EndpointSlices of the Service have more than 50000 endpoints and ports',
    ],
  ])('gives up a list with %s', async (_, grow, message) => {
    const { sim, cluster, handle, events } = await world({}, (it) => it.pods('10.0.0.1'))
    await sim.advance('10s')
    cluster.endWatches()
    grow(cluster)
    cluster.compact()
    await sim.advance('2s')
    expect([members(handle), told(events)[0]]).toEqual([['10.0.0.1:8080'], message])
    await end(sim)
  })

  test('finds the API server of the cluster that it runs in', async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', 'api')
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '6443')
    onTestFinished(() => void vi.unstubAllEnvs())
    const folder = files()
    const [tokenFile, caFile] = [join(folder, 'token'), join(folder, 'ca.crt')]
    writeFileSync(tokenFile, 'to-ken')
    writeFileSync(caFile, 'no certificate')
    const options = { server: undefined as never, tokenFile, caFile }
    const { sim, handle, events } = await world(options, (it) => it.pods('10.0.0.1'))
    await sim.advance('2s')
    expect(told(events)[0]).toBe(`${caFile} is no certificate in PEM`)
    writeFileSync(caFile, selfSigned().cert)
    await sim.advance('5s')
    expect(members(handle)).toEqual(['10.0.0.1:8080'])
    await end(sim)
  })

  test('takes the namespace and the way to the server from the pod', async () => {
    const { sim, events } = await world({ namespace: undefined as never })
    expect(told(events)[0]).toContain(
      '/var/run/secrets/kubernetes.io/serviceaccount/namespace cannot be read (ENOENT)',
    )
    await end(sim)
  })
})

describe('the port', () => {
  const two = [
    { name: 'http', port: 8080 },
    { name: 'metrics', port: 9090 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ]
  test.each<[string, KubernetesOptions['port'], FakeSlice['ports'], string[]]>([
    ['is found by its name', 'metrics', two, ['10.0.0.1:9090']],
    ['is taken by its number', 9090, two, ['10.0.0.1:9090']],
    ['counts where the Service has none', 7000, null, ['10.0.0.1:7000']],
    ['counts where the Service takes any', 7000, [{ port: null }], ['10.0.0.1:7000']],
    ['must be one that the pods have', 7000, two, []],
    ['must be one of TCP', 'dns', two, []],
    ['is the only one, where none is said', undefined, [{ port: 8081 }], ['10.0.0.1:8081']],
    ['must be said where there are several', undefined, two, []],
  ])('%s', async (_, port, ports, expected) => {
    const { sim, handle } = await world({ port: port as string }, (it) =>
      it.put('users-1', { ports: ports!, endpoints: [{ addresses: ['10.0.0.1'] }] }),
    )
    expect(members(handle)).toEqual(expected)
    await end(sim)
  })
})

describe('addresses of several kinds', () => {
  const prepare = (it: FakeCluster) => {
    it.put('a', { addressType: 'FQDN', endpoints: [{ addresses: ['users.example.com'] }] })
    it.put('b', { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] })
    it.put('c', { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] })
    it.put('d', { addressType: 'IPv8', endpoints: [{ addresses: ['1.2.3.4.5'] }] })
  }
  test.each<[KubernetesOptions['addressType'], string]>([
    [undefined, '10.0.0.1:8080'],
    ['IPv6', '[fd00::1]:8080'],
    ['FQDN', 'users.example.com:8080'],
  ])('are those of one kind: %s', async (addressType, expected) => {
    const { sim, handle } = await world(addressType === undefined ? {} : { addressType }, prepare)
    expect(members(handle)).toEqual([expected])
    await end(sim)
  })
})

test('addresses of another kind serve where none of the preferred one is ready', async () => {
  const { sim, handle } = await world({}, (it) => {
    it.put('a', { endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }] })
    it.put('b', { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] })
  })
  expect(members(handle)).toEqual(['[fd00::1]:8080'])
  await end(sim)
})

test('kubernetes tells nobody what a server was given by mistake', () => {
  const given = { service: 'users', server: 'https://:pass-word@api:6443' }
  expect(() => kubernetes(given)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  expect(() => kubernetes(given)).not.toThrow('pass-word')
})

test.each<[KubernetesOptions, string]>([
  [{ service: '' }, 'service'],
  [{ service: 'a/b' }, 'service'],
  [{ service: 'users', namespace: '..' }, 'namespace'],
  [{ service: 'users', port: 0 }, 'port'],
  [{ service: 'users', scheme: 'ftp' as never }, 'scheme'],
  [{ service: 'users', addressType: 'IPv5' as never }, 'addressType'],
  [{ service: 'users', server: 'api:6443' }, 'server'],
  [{ service: 'users', server: 'http://api', tokenFile: '/token' }, 'server'],
  [{ service: 'users', tokenFile: '' }, 'tokenFile'],
  [{ service: 'users', allowEmpty: 1 as never }, 'allowEmpty'],
  [{ service: 'users', sevice: 'x' } as never, 'sevice'],
])('kubernetes refuses %j', (options, option) => {
  expect(() => kubernetes(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
})

function slice(given: FakeSlice): string {
  const { addressType = 'IPv4', ports = [{ port: 1 }], endpoints = [] } = given
  return JSON.stringify({
    type: 'ADDED',
    object: { metadata: { name: 'odd', resourceVersion: '7' }, addressType, ports, endpoints },
  })
}
