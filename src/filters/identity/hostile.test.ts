import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { ProxyError } from '../../core/errors.ts'
import { compose, type Filter } from '../../core/handler.ts'
import { respondJson } from '../../core/message.ts'
import { exchange, run } from '../../testing/index.ts'
import { apiKey } from '../api-key.ts'
import { authorize } from '../authorize.ts'
import { basicAuth } from '../basic-auth.ts'
import { cors } from '../cors.ts'
import { csrf } from '../csrf.ts'
import { forwardAuth } from '../forward-auth.ts'
import { introspect } from '../introspect.ts'
import { ipFilter } from '../ip-filter.ts'
import { requestId } from '../request-id.ts'
import { securityHeaders } from '../security-headers.ts'

const answers = () => respondJson(200, { active: true, sub: 'ada' })
const endpoint = { service: answers, path: '/' }

/** Lenient, so that more of a request is looked at. */
const filters: readonly Filter[] = [
  requestId({ accept: 'anyone' }),
  securityHeaders({ contentSecurityPolicy: "script-src 'nonce-{nonce}'" }),
  cors({ origins: () => true }),
  ipFilter({ deny: ['203.0.113.0/24'] }),
  csrf(),
  apiKey({
    lookup: () => ({ id: 'any' }),
    from: [{ header: 'x-api-key' }, { query: 'key' }, { cookie: 'key' }],
  }),
  basicAuth({ verify: () => true }),
  introspect({ endpoint }),
  forwardAuth({
    endpoint,
    identityHeaders: ['X-User'],
    cacheKey: ({ request }) => request.headers.get('cookie'),
  }),
  authorize(() => true),
]
afterAll(() => {
  for (const it of filters) (it as Partial<Disposable>)[Symbol.dispose]?.()
})

const NAMES = [
  'Authorization',
  'Cookie',
  'X-Api-Key',
  'X-Request-Id',
  'Origin',
  'Sec-Fetch-Site',
  'X-CSP-Nonce',
  'X-User',
  'x_user',
  'Upgrade',
]
const latin1 = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((it) => it !== 0x7f)
    .map((it) => String.fromCharCode(it)),
})
const value = fc
  .oneof(
    latin1,
    fc.string({ unit: fc.constantFrom(...'=;:,&%"\\ +/ab'.split('')) }),
    fc
      .tuple(fc.constantFrom('Basic ', 'Bearer ', 'key=', 'https://', 'basic  '), latin1)
      .map((it) => it.join('')),
    fc.uint8Array().map((it) => `Basic ${Buffer.from(it).toString('base64')}`),
  )
  // What the parser leaves of a field.
  .map((it) => it.replace(/^[ \t]+|[ \t]+$/g, ''))
const query = fc.string({ unit: fc.constantFrom(...'key=&%+41ab;'.split('')) })

test('filters of identity answer or refuse whatever comes, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...filters], { minLength: 1 }),
      fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 6 }),
      query,
      fc.constantFrom('GET', 'POST', 'OPTIONS', 'DELETE'),
      fc.constantFrom('192.0.2.1', '203.0.113.9', '::ffff:203.0.113.9', 'fe80::1%eth0', ''),
      async (order, headers, text, method, address) => {
        const chain: Filter = (at, next) => compose(order, next)(at)
        const client = address === '' ? {} : { address }
        const made = exchange({ method, url: `/?${text}`, headers, client })
        try {
          const { response } = await run(chain, made)
          expect(response.status).toBeLessThan(500)
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError)
          expect(['unauthenticated', 'access_denied']).toContain((error as ProxyError).code)
        }
      },
    ),
    { numRuns: 500 },
  )
})
