import { describe, expect, test, vi } from 'vitest'
import type { Balancer, Candidates } from '../core/balancer.ts'
import { onResponse } from '../core/handler.ts'
import { proxy } from '../proxy/proxy.ts'
import { fakeUpstream, memoryNetwork, rawClient, seededRandom, virtualClock } from '../testing/index.ts'
import { selfSigned } from '../transport/tls/self-signed.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { type Pool, pool } from './pool.ts'
import type { PoolOptions } from './pool-description.ts'

const own = selfSigned()

const refused: [string, unknown[], PoolOptions | undefined, string][] = [
  [
    'no endpoint',
    [],
    undefined,
    'pool: "endpoints" must be a list of at least one address, or a source of lists, got an empty list',
  ],
  ['an address that is none', ['u1:8080'], undefined, 'pool: "url" must be an address such as'],
  [
    'a URL object',
    [new URL('http://u1')],
    undefined,
    'pool: "endpoints" must be a list of addresses, each a text or',
  ],
  ['a number', [8080], undefined, 'pool: "endpoints" must be a list of addresses, each a text or'],
  [
    'a list in a list',
    [['http://u1']],
    undefined,
    'pool: "endpoints" must be a list of addresses, each a text or',
  ],
  ['a path', ['http://u1/api'], undefined, 'without path and query'],
  [
    'a password, which is not shown',
    ['http://a:b@u1/api'],
    undefined,
    'without user and password (set an Authorization header in a filter), got string',
  ],
  [
    'a negative weight',
    [{ url: 'http://u1', weight: -1 }],
    undefined,
    'pool: "weight" must be a positive number, got -1',
  ],
  [
    'half a tier',
    [{ url: 'http://u1', priority: 0.5 }],
    undefined,
    'pool: "priority" must be a whole number of at least 0, got 0.5',
  ],
  [
    'labels that are no strings',
    [{ url: 'http://u1', labels: { version: 2 } as never }],
    undefined,
    'pool: "labels" must be an object of strings, such as { version: "v2" }, got an object',
  ],
  [
    'a factor below 1',
    ['http://u1'],
    { overprovisioning: 0.9 },
    'pool: "overprovisioning" must be a number from 1 on, got 0.9',
  ],
  [
    'the same endpoint twice',
    ['http://u1', 'http://u1:80'],
    undefined,
    'pool: "id" must be different for each endpoint',
  ],
  [
    'an unknown endpoint option',
    [{ url: 'http://u1', wieght: 1 } as never],
    undefined,
    'pool: "wieght" must be one of',
  ],
  [
    'an unknown option',
    ['http://u1'],
    { maxConnection: 1 } as never,
    '"maxConnection" must be one of the options that exist',
  ],
  [
    'a time that is none',
    ['http://u1'],
    { connectMs: 'soon' as never },
    'pool: "connectMs" must be a duration',
  ],
  [
    'a certificate that is none',
    ['https://u1'],
    { tls: { ca: 'nonsense' } },
    'pool: "tls.ca" must be certificates as PEM',
  ],
  ['a host with a line break', ['http://u1'], { host: 'a\r\nb' }, 'pool: "host" must be'],
  [
    'a name that is none',
    ['https://u1'],
    { tls: { verifyName: '' } },
    'pool: "tls.verifyName" must be a host name',
  ],
  [
    'a name to verify where nothing is verified',
    ['https://u1'],
    { tls: { verifyName: 'a', dangerouslyAcceptAnyCertificate: true } },
    'pool: "tls.verifyName" must be left out',
  ],
  [
    'a version that is too old',
    ['https://u1'],
    { tls: { minVersion: 'TLSv1.1' as never } },
    'pool: "tls.minVersion" must be "TLSv1.2" or "TLSv1.3"',
  ],
  [
    'a certificate without its key',
    ['https://u1'],
    { tls: { cert: own.cert } },
    'pool: "tls.key" must be PEM',
  ],
  [
    'a key without its certificate',
    ['https://u1'],
    { tls: { key: own.key } },
    'pool: "tls.cert" must be PEM',
  ],
  [
    'a key of another certificate',
    ['https://u1'],
    { tls: { cert: own.cert, key: selfSigned().key } },
    'pool: "tls.cert" must be a certificate with its key, but "tls.key" is another one',
  ],
  [
    'a key that is none',
    ['https://u1'],
    { tls: { cert: own.cert, key: 'nonsense' } },
    'pool: "tls.cert" must be a certificate with its key, but they cannot be read',
  ],
  [
    'a passphrase for nothing',
    ['https://u1'],
    { tls: { passphrase: 'secret' } },
    'pool: "tls.passphrase" must be a string that goes with "key", got string',
  ],
  ['no pins', ['https://u1'], { tls: { pins: [] } }, 'pool: "tls.pins" must be a list of SHA-256 hashes'],
  ['a pin in hex', ['https://u1'], { tls: { pins: ['ab'.repeat(32)] } }, 'pool: "tls.pins" must be'],
  ['a misspelling within tls', ['https://u1'], { tls: { pin: [] } as never }, 'did you mean "pins"'],
]

describe('pool', () => {
  test.each(refused)('refuses %s at the call', (_, endpoints, options, message) => {
    expect(() => pool(endpoints as EndpointOptions[], options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test('names its balancer', () => {
    const base = pool(['http://u1'])
    expect(base.describe().balancer).toBe('roundRobin')
    expect(base.leastResponseTime().describe().balancer).toBe('leastResponseTime')
    expect(base.balance((candidates) => candidates[0]!).describe().balancer).toBe('custom')
    expect(base.describe().balancer).toBe('roundRobin')
  })
})

/** Two services in memory, a proxy with one pool in front of them, and a client. */
async function world(shape: (base: Pool) => Pool = (it) => it) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const one = await fakeUpstream({ network, clock, host: 'one', port: 80 }).reply({ body: 'one' }).start()
  const two = await fakeUpstream({ network, clock, host: 'two', port: 80 }).reply({ body: 'two' }).start()
  const app = await proxy()
    .listen({ port: 80, host: 'proxy' })
    .route('/', shape(pool(['http://one', 'http://two'])))
    .start({ signals: false, surroundings: { clock, network, random: seededRandom(1) } })
  const client = await rawClient(network, app.url)
  return {
    clock,
    async get(): Promise<string> {
      await client.send('GET / HTTP/1.1\r\nHost: proxy\r\n\r\n')
      const { status, body } = await clock.until(client.response())
      return `${status} ${body.toString()}`
    },
    async close(): Promise<void> {
      await client.close()
      await clock.until(app.close())
      await one.close()
      await two.close()
      await clock.advance(0)
      expect([network.leaks(), clock.pending]).toEqual([[], 0])
    },
  }
}

describe('a running pool', () => {
  test('takes turns', async () => {
    const it = await world()
    const answers = [await it.get(), await it.get(), await it.get(), await it.get()]
    expect(answers.filter((answer) => answer === '200 one')).toHaveLength(2)
    expect(answers[0]).not.toBe(answers[1])
    await it.close()
  })

  test('gives each attempt its endpoint and a request head of its own', async () => {
    const seen: (string | undefined)[] = []
    const it = await world((base) =>
      base.use(
        (exchange, next) => {
          seen.push(exchange.endpoint?.id)
          exchange.request.headers.set('X-Attempt', '1')
          return next(exchange)
        },
        onResponse((response) => {
          response.headers.set('X-From', 'pool')
        }),
      ),
    )
    await it.get()
    await it.get()
    expect(new Set(seen)).toEqual(new Set(['http://one', 'http://two']))
    await it.close()
  })

  test('counts what is in flight and how long it took', async () => {
    let candidates: Candidates = []
    const keep: Balancer = (all) => {
      candidates = all
      return all[0]!
    }
    const it = await world((base) => base.balance(keep))
    expect(await it.get()).toBe('200 one')
    expect(candidates.map(({ inFlight }) => inFlight)).toEqual([0, 0])
    await it.close()
  })

  test('refuses what a balancer makes up', async () => {
    const it = await world((base) => base.balance((all) => ({ ...all[0]! })))
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await it.get()).toMatch(/^500 /)
    expect(report.mock.calls.flat().join(' ')).toContain('must return one of its candidates')
    report.mockRestore()
    await it.close()
  })
})
