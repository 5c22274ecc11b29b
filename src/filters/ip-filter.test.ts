import { describe, expect, test } from 'vitest'
import { respond } from '../core/message.ts'
import { proxy } from '../index.ts'
import { assertProblem, exchange, run, simulate } from '../testing/index.ts'
import { type IpFilterOptions, ipFilter } from './ip-filter.ts'

async function passes(options: IpFilterOptions, client: string): Promise<boolean> {
  const made = exchange({ client: { address: client } })
  try {
    const { response } = await run(ipFilter(options), made)
    return response.status === 200
  } catch (error) {
    expect(error).toMatchObject({ code: 'access_denied' })
    return false
  }
}

const INSIDE = { allow: ['10.0.0.0/8', '2001:db8::/32'], deny: ['10.66.0.0/16', '2001:db8:66::/48'] }

describe('ipFilter', () => {
  test.each<[string, IpFilterOptions, string, boolean]>([
    ['lets pass who is allowed', INSIDE, '10.1.2.3', true],
    ['refuses who is not', INSIDE, '192.0.2.1', false],
    ['refuses who is in both', INSIDE, '10.66.1.1', false],
    [
      'refuses who is in both, however wide the ranges',
      { allow: ['10.66.1.1'], deny: ['10.0.0.0/8'] },
      '10.66.1.1',
      false,
    ],
    ['lets pass who is allowed by IPv6', INSIDE, '2001:db8:1::5', true],
    ['refuses who is in both by IPv6', INSIDE, '2001:db8:66::5', false],
    ['refuses who is denied', { deny: ['192.0.2.0/24'] }, '192.0.2.255', false],
    ['lets pass who is not denied', { deny: ['192.0.2.0/24'] }, '192.0.3.0', true],
    ['takes one address', { allow: ['192.0.2.7'] }, '192.0.2.7', true],
    ['takes one address and not the next', { allow: ['192.0.2.7'] }, '192.0.2.8', false],
    ['takes a name', { allow: ['loopback'] }, '::1', true],
    ['takes everyone of a family', { allow: ['0.0.0.0/0'] }, '203.0.113.1', true],
    ['takes everyone of a family, and not of the other', { allow: ['0.0.0.0/0'] }, '2001:db8::1', false],
    ['knows IPv4 in IPv6', { allow: ['10.0.0.0/8'] }, '::ffff:10.1.2.3', true],
    ['knows IPv4 in IPv6 in hexadecimal', { deny: ['10.0.0.0/8'] }, '::ffff:a01:203', false],
    ['knows IPv4 in IPv6 in a list', { deny: ['::ffff:10.0.0.0/104'] }, '10.1.2.3', false],
    ['knows other spellings of an address', { deny: ['2001:db8::1'] }, '2001:0DB8:0:0::0001', false],
    ['knows an address with a zone', { allow: ['fe80::/10'] }, 'fe80::1%eth0', true],
    ['refuses what is no address', { deny: ['10.0.0.0/8'] }, 'unix:', false],
  ])('%s', async (_, options, client, expected) => {
    expect(await passes(options, client)).toBe(expected)
  })

  test('looks at another address where it is told to', async () => {
    const made = () => exchange({ client: { address: '192.0.2.7', peer: { address: '10.0.0.1', port: 1 } } })
    const byPeer = ipFilter({ allow: ['private'], address: ({ client }) => client.peer.address })
    expect((await run(byPeer, made())).response.status).toBe(200)
    await expect(run(ipFilter({ allow: ['private'] }), made())).rejects.toMatchObject({
      code: 'access_denied',
    })
  })

  test('refuses an address that the function does not give', async () => {
    const none = ipFilter({ deny: ['10.0.0.0/8'], address: () => undefined as unknown as string })
    await expect(run(none, exchange())).rejects.toMatchObject({ code: 'access_denied' })
  })

  test('believes trusted proxies, and nobody else, in a whole proxy', async () => {
    await using sim = simulate(
      proxy()
        .listen({ port: 80, trustedProxies: ['10.0.0.0/8'] })
        .use(ipFilter({ allow: ['192.0.2.0/24'] }))
        .route('/', () => respond(200, 'in')),
    )
    const headers = { 'x-forwarded-for': '192.0.2.9' }
    expect((await sim.client('192.0.2.1').get('/')).status).toBe(200)
    expect((await sim.client('10.0.0.1').get('/', { headers })).status).toBe(200)
    for (const client of ['198.51.100.7', '10.0.0.1'])
      assertProblem(await sim.client(client).get('/'), 'access_denied')
    assertProblem(await sim.client('198.51.100.7').get('/', { headers }), 'access_denied')
    const garbage = { 'x-forwarded-for': '192.0.2.9, \u00ff<>, 999.1.1.1' }
    assertProblem(await sim.client('10.0.0.1').get('/', { headers: garbage }), 'access_denied')
    await sim.assertNoLeaks()
  })
})

describe('ipFilter refuses', () => {
  test.each<[string, unknown]>([
    ['allow', []],
    ['deny', []],
    ['allow', '10.0.0.0/8'],
    ['allow', ['10.0.0.0/33']],
    ['allow', ['10.0.0/8']],
    ['allow', ['example.com']],
    ['deny', ['10.0.0.0/-1']],
    ['deny', ['10.0.0.0/8/8']],
    ['deny', [7]],
    ['denny', ['10.0.0.0/8']],
  ])('a wrong %s: %j', (option, value) => {
    expect(() => ipFilter({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })

  test('no list at all, and an address that is no function', () => {
    expect(() => ipFilter({})).toThrow(expect.objectContaining({ option: 'allow' }))
    expect(() => ipFilter({ allow: ['private'], address: '10.0.0.1' as never })).toThrow(
      expect.objectContaining({ option: 'address' }),
    )
  })
})
