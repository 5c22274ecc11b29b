import { describe, expect, test } from 'vitest'
import type { HeadersInit } from '../core/headers.ts'
import { respond } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import { exchange, fault, run, simulate } from '../testing/index.ts'
import { cors } from './cors.ts'
import { requestId } from './request-id.ts'
import { cspNonce, type SecurityHeadersOptions, securityHeaders } from './security-headers.ts'

const DEFAULTS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'content-security-policy': "frame-ancestors 'self'",
  'referrer-policy': 'strict-origin-when-cross-origin',
}

async function fieldsOf(
  options?: SecurityHeadersOptions,
  said?: HeadersInit,
): Promise<Record<string, string>> {
  const { response } = await run(securityHeaders(options), exchange(), () => respond(200, undefined, said))
  return Object.fromEntries([...response.headers].map(([name, value]) => [name.toLowerCase(), value]))
}

describe('securityHeaders sends', () => {
  test('by default what breaks next to nothing', async () => {
    expect(await fieldsOf()).toEqual(DEFAULTS)
  })

  test.each<[SecurityHeadersOptions, Record<string, string | undefined>]>([
    [{ frame: 'deny' }, { 'x-frame-options': 'DENY', 'content-security-policy': "frame-ancestors 'none'" }],
    [
      { frame: ['https://a.example', "'self'", '*.b.example'] },
      {
        'x-frame-options': undefined,
        'content-security-policy': "frame-ancestors https://a.example 'self' *.b.example",
      },
    ],
    [{ frame: false }, { 'x-frame-options': undefined, 'content-security-policy': undefined }],
    [
      { contentSecurityPolicy: "default-src 'self' ;", frame: 'deny' },
      { 'content-security-policy': "default-src 'self'; frame-ancestors 'none'", 'x-frame-options': 'DENY' },
    ],
    [
      { contentSecurityPolicy: "Frame-Ancestors 'none'; default-src *" },
      { 'content-security-policy': "Frame-Ancestors 'none'; default-src *" },
    ],
    [
      { contentSecurityPolicy: "default-src 'self'", frame: false },
      { 'content-security-policy': "default-src 'self'", 'x-frame-options': undefined },
    ],
    [
      { contentSecurityPolicyReportOnly: "default-src 'self'" },
      { 'content-security-policy-report-only': "default-src 'self'" },
    ],
    [{ noSniff: false }, { 'x-content-type-options': undefined }],
    [{ referrerPolicy: 'no-referrer' }, { 'referrer-policy': 'no-referrer' }],
    [{ referrerPolicy: false }, { 'referrer-policy': undefined }],
    [{ permissionsPolicy: 'camera=()' }, { 'permissions-policy': 'camera=()' }],
    [
      { openerPolicy: 'same-origin', embedderPolicy: 'credentialless', resourcePolicy: 'same-site' },
      {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'credentialless',
        'cross-origin-resource-policy': 'same-site',
      },
    ],
  ])('for %j', async (options, expected) => {
    const wanted = Object.entries({ ...DEFAULTS, ...expected }).filter(([, value]) => value !== undefined)
    expect(await fieldsOf(options)).toEqual(Object.fromEntries(wanted))
  })
})

describe('securityHeaders and what the service says', () => {
  const said = {
    'X-Frame-Options': 'DENY',
    'content-security-policy': "script-src 'none'",
    server: 'nginx/1.2',
  }

  test('leaves it, and removes what tells of the service', async () => {
    expect(await fieldsOf({}, { ...said, 'X-Powered-By': 'PHP', 'x-aspnet-version': '4' })).toEqual({
      ...DEFAULTS,
      'x-frame-options': 'DENY',
      'content-security-policy': "script-src 'none'",
    })
  })

  test('replaces it where it is told to', async () => {
    expect(await fieldsOf({ override: true }, said)).toEqual(DEFAULTS)
  })

  test('removes what it is told to', async () => {
    const fields = await fieldsOf({ remove: ['X-Debug'] }, { ...said, 'x-debug': '1' })
    expect([fields.server, fields['x-debug']]).toEqual(['nginx/1.2', undefined])
  })
})

describe('securityHeaders with a nonce', () => {
  test('lets nothing of a client pass for it', async () => {
    const headers = [
      ['X_CSP_Nonce', 'chosen'],
      ['x-csp-nonce', 'chosen'],
    ] as const
    const { calls } = await run(
      securityHeaders({ contentSecurityPolicy: "script-src 'nonce-{nonce}'" }),
      exchange({ headers }),
    )
    expect([...calls[0]!.headers].filter(([name]) => name !== 'Host')).toEqual([
      ['X-CSP-Nonce', expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/)],
    ])
  })

  test.each(['Host', 'Content-Length'])('refuses %s, which means something else', (nonceHeader) => {
    expect(() => securityHeaders({ contentSecurityPolicy: 'x {nonce}', nonceHeader })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'nonceHeader' }),
    )
  })

  const filter = securityHeaders({
    contentSecurityPolicy: "script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'",
  })

  test('tells the service, filters and the browser the same, new for each request', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const made = exchange({ headers: { 'x-csp-nonce': 'chosen' } })
      const { calls, response } = await run(filter, made)
      const nonce = made.get(cspNonce)!
      expect(Buffer.from(nonce, 'base64')).toHaveLength(16)
      expect(calls[0]?.headers.getAll('x-csp-nonce')).toEqual([nonce])
      expect(response.headers.get('content-security-policy')).toBe(
        `script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; frame-ancestors 'self'`,
      )
      seen.add(nonce)
    }
    expect(seen.size).toBe(3)
  })
})

test('securityHeaders in a whole proxy: error answers have the fields of all filters, in any order', async () => {
  const filters = [securityHeaders(), cors({ origins: 'https://shop.example' }), requestId()]
  for (const order of [filters, filters.toReversed()]) {
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(...order)
        .route('/', pool(['http://u1']))
        .route('/down', pool(['http://u2'])),
    )
    sim.upstream('http://u1').reply({ headers: { Server: 'nginx' } })
    sim.upstream('http://u2').inject(fault.refuse())
    const headers = { origin: 'https://shop.example' }
    const answers = [await sim.get('/', { headers }), await sim.get('/down', { headers })]
    expect(answers.map(({ status }) => status)).toEqual([200, 502])
    for (const { headers } of answers) {
      expect(
        Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value])),
      ).toMatchObject({
        ...DEFAULTS,
        'access-control-allow-origin': 'https://shop.example',
        vary: 'Origin',
        'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      })
      expect(headers.has('server')).toBe(false)
      for (const [name] of headers) expect([name, headers.getAll(name).length]).toEqual([name, 1])
    }
    await sim.assertNoLeaks()
  }
})

describe('securityHeaders refuses', () => {
  test.each<[string, unknown]>([
    ['contentSecurityPolicy', 7],
    ['contentSecurityPolicy', ''],
    ['contentSecurityPolicy', 'a\r\nb: c'],
    ['contentSecurityPolicyReportOnly', true],
    ['nonceHeader', 'a b'],
    ['nonceHeader', 'X-Nonce'],
    ['frame', 'none'],
    ['frame', []],
    ['frame', ['https://a.example; script-src *']],
    ['frame', [7]],
    ['noSniff', 'yes'],
    ['referrerPolicy', 'caf\u00e9'],
    ['permissionsPolicy', ['camera']],
    ['openerPolicy', 'same-site'],
    ['embedderPolicy', 'corp'],
    ['resourcePolicy', true],
    ['remove', 'Server'],
    ['remove', ['a b']],
    ['override', 1],
    ['hsts', true],
  ])('a wrong %s: %j', (option, value) => {
    expect(() => securityHeaders({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
