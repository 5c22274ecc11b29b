import type { AdminOptions } from 'gatewright/admin'
import { describe, expect, it } from 'vitest'
import { type AdminRequest, adminWorld, TOKEN } from './admin-world.ts'

const FIELDS = {
  'content-security-policy': expect.stringMatching(
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/,
  ),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

const DRAIN = { pool: 'users', endpoint: 'http://u1' }

/** The status of one request to a world of its own, and the state of the endpoint that it may have drained. */
async function statusOf(request: AdminRequest, options: AdminOptions = {}): Promise<[number, string]> {
  await using world = adminWorld(options)
  const { status, headers } = await world.ask(request)
  expect(headers).toMatchObject(FIELDS)
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
  const { endpoints } = await world.sim.pool('users')
  await world.sim.assertNoLeaks()
  return [status, endpoints[0]?.state ?? 'gone']
}

describe('every answer', () => {
  it.each<[number, AdminRequest]>([
    [200, { target: '/' }],
    [200, { target: '/health' }],
    [200, { target: '/api/snapshot' }],
    [404, { target: '/nothing' }],
    [404, { target: '/metrics' }],
    [405, { method: 'POST', target: '/ready', json: {} }],
    [421, { target: '/health', headers: { Host: 'evil.example' } }],
    [403, { target: '/api/pools', headers: { 'Sec-Fetch-Site': 'cross-site' } }],
  ])('of status %i is for no other origin, no frame and no store', async (status, request) => {
    expect((await statusOf(request))[0]).toBe(status)
  })
})

describe('a host that is not its own', () => {
  it.each([
    'evil.example',
    'evil.example:9901',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost_',
    '10.0.0.1',
    '[fd00::1]:9901',
    '169.254.169.254',
    '0.0.0.0:9901',
  ])('is refused: %s', async (host) => {
    const request = { method: 'POST', target: '/api/endpoints/drain', json: DRAIN, headers: { Host: host } }
    expect(await statusOf(request)).toEqual([421, 'serving'])
    expect((await statusOf({ target: '/', headers: { Host: host } }))[0]).toBe(421)
  })

  it('is refused in absolute form too, on either side', async () => {
    const target = 'http://evil.example/api/pools'
    expect((await statusOf({ target }))[0]).toBe(421)
    expect((await statusOf({ target, headers: { Host: 'evil.example' } }))[0]).toBe(421)
    const local = { target: 'http://localhost:9901/api/pools', headers: { Host: 'evil.example' } }
    expect([400, 421]).toContain(await adminStatus(local))
    expect((await statusOf({ target: 'http://localhost:9901/api/pools' }))[0]).toBe(200)
  })

  it.each(['localhost', 'LocalHost:80', '127.0.0.1', '127.1.2.3:1234', '[::1]:9901', 'localhost.'])(
    'is not: %s',
    async (host) => {
      expect((await statusOf({ target: '/api/pools', headers: { Host: host } }))[0]).toBe(200)
    },
  )

  it.each(['0.0.0.0', '[::]'])(
    'is one that stands for all addresses, also where it is bound to that: %s',
    async (host) => {
      const options = { host: host.replace(/[[\]]/g, ''), token: TOKEN }
      expect((await statusOf({ target: '/health', headers: { Host: `${host}:9901` } }, options))[0]).toBe(421)
      expect((await statusOf({ target: '/health' }, options))[0]).toBe(200)
    },
  )

  it('may be allowed by name', async () => {
    const allowedHosts = ['admin.example', '*.ops.example']
    const status = async (host: string) =>
      (await statusOf({ target: '/api/pools', headers: { Host: host } }, { allowedHosts }))[0]
    expect(await status('admin.example:9901')).toBe(200)
    expect(await status('a.ops.example')).toBe(200)
    expect(await status('ops.example')).toBe(421)
    expect(await status('evil.example')).toBe(421)
  })

  async function adminStatus(request: AdminRequest): Promise<number> {
    await using world = adminWorld()
    return (await world.ask(request)).status
  }
})

describe('a page of another origin', () => {
  const drained = (headers: Record<string, string>, json: unknown = DRAIN) =>
    statusOf({ method: 'POST', target: '/api/endpoints/drain', json, headers })

  it.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'none' },
    { 'Sec-Fetch-Site': 'same-origin, cross-site' },
    { Origin: 'https://evil.example' },
    { Origin: 'http://localhost:3000' },
    { Origin: 'null' },
    { Origin: 'http://localhost:9901.evil.example' },
    { Origin: 'http://localhost:9901, https://evil.example' },
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
    { Origin: 'http://localhost:9901', 'Sec-Fetch-Site': 'cross-site' },
  ])('changes nothing: %j', async (headers) => {
    expect(await drained(headers)).toEqual([403, 'serving'])
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/plain; application/json',
    '',
  ])('changes nothing by a form, nor does anyone by the type %j', async (type) => {
    expect(await drained({ 'Content-Type': type })).toEqual([415, 'serving'])
  })

  it('may not ask whether it may', async () => {
    const headers = {
      Origin: 'https://evil.example',
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type',
    }
    expect((await statusOf({ method: 'OPTIONS', target: '/api/endpoints/drain', headers }))[0]).toBe(403)
  })

  it.each(['/api/snapshot', '/api/tap', '/metrics', '/nothing'])('reads nothing of %s', async (target) => {
    for (const site of ['cross-site', 'same-site'])
      expect((await statusOf({ target, headers: { 'Sec-Fetch-Site': site } }))[0]).toBe(403)
    const headers = { Origin: 'http://localhost:3000' }
    expect((await statusOf({ target, headers }))[0]).toBe(403)
  })

  it('may link to the dashboard', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }
    expect((await statusOf({ target: '/', headers }))[0]).toBe(200)
  })
})

describe('a page of its own, or a program', () => {
  it.each([
    {},
    { 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://localhost:9901' },
    { Origin: 'http://localhost:9901' },
    { 'Content-Type': 'application/json; charset=utf-8' },
  ])('steers: %j', async (headers) => {
    const request = { method: 'POST', target: '/api/endpoints/drain', json: DRAIN, headers }
    expect(await statusOf(request as AdminRequest)).toEqual([200, 'drained'])
  })
})

describe('token', () => {
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

  it.each(['/api/snapshot', '/metrics', '/nothing', '/api/tap'])('is needed for %s', async (target) => {
    const [status] = await statusOf({ target }, { token: TOKEN })
    expect(status).toBe(401)
  })

  it.each(['/health', '/ready', '/'])('is not needed for %s', async (target) => {
    expect((await statusOf({ target }, { token: TOKEN }))[0]).toBe(200)
    const post = { method: 'POST', target, json: {} }
    expect((await statusOf(post, { token: TOKEN }))[0]).toBe(401)
  })

  it('lets in, one of several as well', async () => {
    const request = { target: '/api/pools', headers: bearer(TOKEN) }
    expect((await statusOf(request, { token: TOKEN }))[0]).toBe(200)
    expect((await statusOf(request, { token: ['another-one-of-16-or-more', TOKEN] }))[0]).toBe(200)
  })

  it.each([
    bearer(`${TOKEN}x`),
    bearer(TOKEN.slice(0, -1)),
    bearer(TOKEN.toUpperCase()),
    bearer(''),
    { Authorization: `Basic ${Buffer.from(`a:${TOKEN}`).toString('base64')}` },
    { Authorization: TOKEN },
    { Authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` },
    { Cookie: `token=${TOKEN}` },
  ])('is refused as %j', async (headers) => {
    await using world = adminWorld({ token: TOKEN })
    const { status, headers: answered } = await world.ask({ target: '/api/pools', headers })
    expect([status, answered['www-authenticate']]).toEqual([401, 'Bearer realm="gatewright admin"'])
  })

  it('is not read from the query, and nowhere in an answer', async () => {
    await using world = adminWorld({ token: TOKEN })
    expect((await world.ask(`/api/pools?token=${TOKEN}&access_token=${TOKEN}`)).status).toBe(401)
    const all = await world.ask({ target: '/api/snapshot', headers: bearer(TOKEN) })
    expect(all.text).not.toContain(TOKEN)
  })

  it('of a guesser is not looked at, be it right, until a second has gone by', async () => {
    await using world = adminWorld({ token: TOKEN })
    const status = async (token: string) =>
      (await world.ask({ target: '/api/pools', headers: bearer(token) })).status
    for (let i = 0; i < 10; i++) expect(await status(`wrong-${i}`)).toBe(401)
    expect([await status('wrong'), await status(TOKEN)]).toEqual([429, 429])
    expect((await world.ask('/health')).status).toBe(200)
    await world.sim.advance('1s')
    expect(await status(TOKEN)).toBe(200)
    expect(await status('wrong')).toBe(401)
    expect(await status(TOKEN)).toBe(429)
    await world.sim.assertNoLeaks()
  })
})
