import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { dateOf, type ResponseTimes } from './age.ts'
import { requestDirectives } from './cache-control.ts'
import { cacheKey } from './cache-key.ts'
import { cacheStatusMember, forwardWord } from './cache-status.ts'
import { isForOriginOnly, isNotModified, notModifiedHead, validationRequest } from './conditional.ts'
import { freshenedBy, freshenedHead } from './freshen.ts'
import { formatHttpDate } from './http-date.ts'
import { invalidatedBy } from './invalidation.ts'
import { rangeAnswer } from './range.ts'
import { isErrorForReuse, type Reuse, reuse, reuseOnError } from './reuse.ts'
import { type ReuseTerms, reuseTerms } from './reuse-terms.ts'
import { storability } from './storability.ts'
import { reusedHead, storedHead } from './stored-head.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { type Validators, validatorsOf } from './validators.ts'
import { selectVariant, type Variant, variantKey, varyFields } from './variant.ts'

interface Response {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

interface Entry extends Response, Variant {
  readonly responseTime: number
  readonly terms: ReuseTerms
  readonly validators: Validators
}

/** A cache made of the rules alone: one map, whole bodies, one request after another. */
class SmallCache {
  readonly #entries = new Map<string, Entry[]>()
  readonly #origin: (headers: HeaderList) => Response

  constructor(origin: (headers: HeaderList) => Response) {
    this.#origin = origin
  }

  handle(method: string, target: string, headers: HeaderList, now: number): Response {
    const key = this.#key(target)
    const isLookedUp = (method === 'GET' || method === 'HEAD') && !isForOriginOnly(headers)
    if (!isLookedUp) return this.#pass(method, target, headers)
    const variants = this.#entries.get(key) ?? []
    const selected = selectVariant(variants, headers)
    const wish = requestDirectives(headers)
    const decision = reuse(selected?.terms, wish, now)
    if (decision.use === 'answer') return this.#answer(method, headers, selected!, decision)
    if (decision.use === 'refuse') return { status: 504, headers: new HeaderList(), body: '' }

    const asked =
      selected === undefined ? variants : [selected, ...variants.filter((one) => one !== selected)]
    const validation = validationRequest(
      headers,
      asked.map(({ validators }) => validators),
    )
    const response = this.#origin(validation?.headers ?? headers)
    const times = { requestTime: now, responseTime: now }
    if (isErrorForReuse(response.status) && selected !== undefined) {
      const instead = reuseOnError(selected.terms, wish, now)
      if (instead !== undefined) return this.#answer(method, headers, selected, instead)
    }
    if (response.status === 304 && validation !== undefined) {
      const update = validatorsOf(response.headers, now)
      const [valid] = freshenedBy(update, asked, validation.clientTags.length > 0)
      if (valid === undefined) return response
      const fresh = { ...valid, headers: freshenedHead(valid.headers, response.headers, now, ['set-cookie']) }
      this.#remove(key, valid)
      const entry = this.#store(method, key, headers, fresh, times) ?? fresh
      return this.#answer(method, headers, entry as Entry, {
        use: 'answer',
        reason: 'fresh',
        ageMs: 0,
        remainingMs: 0,
        refresh: false,
      })
    }
    if (selected !== undefined) this.#remove(key, selected)
    this.#store(method, key, headers, response, times)
    const status = cacheStatusMember('small', { fwd: forwardWord(decision.reason) })
    return { ...response, headers: response.headers.clone().append('Cache-Status', status) }
  }

  #answer(
    method: string,
    headers: HeaderList,
    entry: Entry,
    { ageMs, remainingMs }: Extract<Reuse, { use: 'answer' }>,
  ): Response {
    const head = reusedHead(entry.headers, ageMs)
    head.append('Cache-Status', cacheStatusMember('small', { hit: true, ttlMs: remainingMs }))
    if (isNotModified(method, headers, entry))
      return { status: 304, headers: notModifiedHead(head), body: '' }
    const plan = rangeAnswer({ method, headers }, entry, entry.body.length)
    if (plan.answer === 'unsatisfiable') return { status: 416, headers: head, body: '' }
    if (plan.answer === 'whole') return { ...entry, headers: head, body: method === 'HEAD' ? '' : entry.body }
    const [{ first, last }] = plan.ranges
    return { status: 206, headers: head, body: entry.body.slice(first, last + 1) }
  }

  #pass(method: string, target: string, headers: HeaderList): Response {
    const response = this.#origin(headers)
    const request = { method, scheme: 'https', host: 'a.example', target } as const
    for (const one of invalidatedBy(request, response)) this.#entries.delete(this.#key(one.target))
    return response
  }

  #store(
    method: string,
    key: string,
    request: HeaderList,
    response: Response,
    times: ResponseTimes,
  ): Entry | undefined {
    const { status, headers } = response
    const effective = effectiveDirectives(headers)
    const terms = reuseTerms(response, effective, times)
    const asked = { method, headers: request, directives: requestDirectives(request) }
    const verdict = storability(asked, { status, headers, effective, terms })
    const fields = varyFields(headers)
    if (!verdict.store || fields === '*' || method === 'HEAD' || status === 206) return undefined
    const { responseTime } = times
    const entry: Entry = {
      ...response,
      headers: storedHead(headers, verdict.without, responseTime),
      responseTime,
      terms,
      validators: validatorsOf(headers, responseTime),
      fields,
      key: variantKey(fields, request),
      date: dateOf(headers, responseTime),
    }
    this.#entries.set(key, [...(this.#entries.get(key) ?? []), entry])
    return entry
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.set(
      key,
      this.#entries.get(key)!.filter((one) => one !== entry),
    )
  }

  #key(target: string): string {
    return cacheKey({ method: 'GET', scheme: 'https', host: 'a.example', target })
  }
}

type Fields = Record<string, string>
interface Step {
  after: number
  method?: string
  target?: string
  request?: Fields
  /** What the service answers; without it, it must not be asked. */
  origin?: [status: number, body: string, fields?: Fields]
  /** Which fields the service must have been asked with. */
  askedWith?: Fields
  answer: [status: number, body: string, fields?: Fields]
}

const T = Date.UTC(2026, 10, 26, 12)
const maxAge60 = { 'Cache-Control': 'max-age=60' }
const tagged = { 'Cache-Control': 'max-age=60', ETag: '"a"' }

describe('the rules together', () => {
  test.each<[rule: string, steps: Step[]]>([
    [
      '9111 4 a fresh response answers',
      [
        {
          after: 0,
          origin: [200, 'one', maxAge60],
          answer: [200, 'one', { 'Cache-Status': 'small; fwd=miss' }],
        },
        { after: 59, answer: [200, 'one', { Age: '59', 'Cache-Status': 'small; hit; ttl=1' }] },
        {
          after: 60,
          origin: [200, 'two', maxAge60],
          answer: [200, 'two', { 'Cache-Status': 'small; fwd=stale' }],
        },
        { after: 61, answer: [200, 'two', { Age: '1' }] },
      ],
    ],
    [
      '9111 4.3 a stale one is validated, and lives again',
      [
        { after: 0, origin: [200, 'one', tagged], answer: [200, 'one'] },
        {
          after: 70,
          askedWith: { 'If-None-Match': '"a"' },
          origin: [304, '', { ETag: '"a"', 'Cache-Control': 'max-age=5', X: 'new' }],
          answer: [200, 'one', { X: 'new' }],
        },
        { after: 74, answer: [200, 'one', { Age: '4', X: 'new' }] },
        { after: 76, origin: [200, 'two', tagged], answer: [200, 'two'] },
        { after: 77, answer: [200, 'two', { Age: '1' }] },
      ],
    ],
    [
      '9111 4.3.3 a 304 that forbids to keep it',
      [
        { after: 0, origin: [200, 'one', tagged], answer: [200, 'one'] },
        { after: 70, origin: [304, '', { ETag: '"a"', 'Cache-Control': 'no-store' }], answer: [200, 'one'] },
        { after: 71, askedWith: {}, origin: [200, 'two', tagged], answer: [200, 'two'] },
      ],
    ],
    [
      '9111 4.3.3 a 304 for what the client alone has',
      [
        { after: 0, origin: [200, 'one', tagged], answer: [200, 'one'] },
        {
          after: 70,
          request: { 'If-None-Match': '"b"' },
          askedWith: { 'If-None-Match': '"a", "b"' },
          origin: [304, '', { ETag: '"b"' }],
          answer: [304, ''],
        },
      ],
    ],
    [
      '9111 4.1 variants',
      [
        {
          after: 0,
          request: { 'Accept-Language': 'en' },
          origin: [200, 'hello', { ...maxAge60, Vary: 'Accept-Language' }],
          answer: [200, 'hello'],
        },
        {
          after: 1,
          request: { 'Accept-Language': 'de' },
          origin: [200, 'hallo', { ...maxAge60, Vary: 'Accept-Language' }],
          answer: [200, 'hallo'],
        },
        { after: 2, request: { 'Accept-Language': 'EN' }, answer: [200, 'hello', { Age: '2' }] },
        { after: 3, request: { 'Accept-Language': 'de' }, answer: [200, 'hallo', { Age: '2' }] },
      ],
    ],
    [
      '9111 4.3.2 a client that has it',
      [
        { after: 0, origin: [200, 'one', tagged], answer: [200, 'one'] },
        { after: 1, request: { 'If-None-Match': 'W/"a"' }, answer: [304, '', { ETag: '"a"', Age: '1' }] },
        { after: 2, request: { 'If-None-Match': '"z"' }, answer: [200, 'one', { Age: '2' }] },
        {
          after: 3,
          request: { 'If-Match': '"z"' },
          askedWith: { 'If-Match': '"z"' },
          origin: [412, ''],
          answer: [412, ''],
        },
      ],
    ],
    [
      '9111 4.3.2 a client that has it, once it was validated',
      [
        { after: 0, origin: [200, 'one', tagged], answer: [200, 'one'] },
        {
          after: 70,
          request: { 'If-None-Match': '"a"' },
          askedWith: { 'If-None-Match': '"a"' },
          origin: [304, '', { ETag: '"a"' }],
          answer: [304, ''],
        },
      ],
    ],
    [
      '9110 14.2 parts of what is stored',
      [
        { after: 0, origin: [200, '0123456789', tagged], answer: [200, '0123456789'] },
        { after: 1, request: { Range: 'bytes=2-4' }, answer: [206, '234'] },
        { after: 2, request: { Range: 'bytes=-2' }, answer: [206, '89'] },
        { after: 3, request: { Range: 'bytes=20-' }, answer: [416, ''] },
        { after: 4, request: { Range: 'bytes=2-4', 'If-Range': '"z"' }, answer: [200, '0123456789'] },
        { after: 5, method: 'HEAD', request: { Range: 'bytes=2-4' }, answer: [200, ''] },
      ],
    ],
    [
      '5861 4 a stale one in place of an error',
      [
        {
          after: 0,
          origin: [200, 'one', { 'Cache-Control': 'max-age=60, stale-if-error=30' }],
          answer: [200, 'one'],
        },
        {
          after: 80,
          origin: [503, 'down'],
          answer: [200, 'one', { Age: '80', 'Cache-Status': 'small; hit; ttl=-20' }],
        },
        { after: 90, origin: [503, 'down'], answer: [503, 'down'] },
      ],
    ],
    [
      '9111 5.2.2.2 no stale one in place of an error',
      [
        {
          after: 0,
          origin: [200, 'one', { 'Cache-Control': 'max-age=60, must-revalidate, stale-if-error=30' }],
          answer: [200, 'one'],
        },
        { after: 61, origin: [503, 'down'], answer: [503, 'down'] },
      ],
    ],
    [
      '9111 4.4 an unsafe method',
      [
        { after: 0, origin: [200, 'one', maxAge60], answer: [200, 'one'] },
        { after: 1, target: '/other', origin: [200, 'other', maxAge60], answer: [200, 'other'] },
        { after: 2, method: 'POST', target: '/other', origin: [500, ''], answer: [500, ''] },
        { after: 3, target: '/other', answer: [200, 'other', { Age: '2' }] },
        {
          after: 4,
          method: 'POST',
          target: '/other',
          origin: [201, '', { Location: 'https://a.example/x' }],
          answer: [201, ''],
        },
        { after: 5, origin: [200, 'two', maxAge60], answer: [200, 'two'] },
        { after: 6, target: '/other', origin: [200, 'new', maxAge60], answer: [200, 'new'] },
      ],
    ],
    [
      '9111 5.2.1.7 only-if-cached',
      [
        { after: 0, request: { 'Cache-Control': 'only-if-cached' }, answer: [504, ''] },
        { after: 1, origin: [200, 'one', maxAge60], answer: [200, 'one'] },
        { after: 2, request: { 'Cache-Control': 'only-if-cached' }, answer: [200, 'one'] },
        { after: 90, request: { 'Cache-Control': 'only-if-cached' }, answer: [504, ''] },
      ],
    ],
    [
      '9111 5.2.2.4 no-cache is validated each time',
      [
        {
          after: 0,
          origin: [200, 'one', { 'Cache-Control': 'no-cache', ETag: '"a"' }],
          answer: [200, 'one'],
        },
        {
          after: 0,
          askedWith: { 'If-None-Match': '"a"' },
          origin: [304, '', { ETag: '"a"' }],
          answer: [200, 'one'],
        },
        {
          after: 1,
          askedWith: { 'If-None-Match': '"a"' },
          origin: [304, '', { ETag: '"a"' }],
          answer: [200, 'one'],
        },
      ],
    ],
    [
      '9111 5.2.2.7 named fields are not given to others',
      [
        {
          after: 0,
          origin: [200, 'one', { 'Cache-Control': 'max-age=60, private="set-cookie"', 'Set-Cookie': 'a=b' }],
          answer: [200, 'one', { 'Set-Cookie': 'a=b' }],
        },
        { after: 1, answer: [200, 'one', { 'Set-Cookie': '' }] },
      ],
    ],
    [
      '9111 4.2.3 the age that it came with counts',
      [
        { after: 0, origin: [200, 'one', { ...maxAge60, Age: '50' }], answer: [200, 'one'] },
        { after: 9, answer: [200, 'one', { Age: '59' }] },
        { after: 10, origin: [200, 'two', maxAge60], answer: [200, 'two'] },
      ],
    ],
    [
      '9111 4.2.3 a clock that was set back',
      [
        { after: 0, origin: [200, 'one', maxAge60], answer: [200, 'one'] },
        { after: -3600, answer: [200, 'one', { Age: '0' }] },
        { after: 60, origin: [200, 'two', maxAge60], answer: [200, 'two'] },
      ],
    ],
    [
      '9213 2.1 a targeted field',
      [
        {
          after: 0,
          origin: [200, 'one', { 'CDN-Cache-Control': 'max-age=600', 'Cache-Control': 'no-store' }],
          answer: [200, 'one'],
        },
        { after: 599, answer: [200, 'one', { 'Cache-Control': 'no-store' }] },
      ],
    ],
  ])('%s', (_rule, steps) => {
    let step: Step
    let asked: HeaderList | undefined
    const cache = new SmallCache((headers) => {
      asked = headers
      const [status, body, fields = {}] = step.origin ?? [500, 'the service was asked']
      return { status, body, headers: HeaderList.from(fields) }
    })
    for (step of steps) {
      asked = undefined
      const { method = 'GET', target = '/x', request = {}, after } = step
      const found = cache.handle(method, target, HeaderList.from(request), T + after * 1_000)
      const [status, body, fields = {}] = step.answer
      expect([after, found.status, found.body]).toEqual([after, status, body])
      for (const [name, value] of Object.entries(fields))
        expect([name, found.headers.get(name) ?? '']).toEqual([name, value])
      expect([after, asked !== undefined]).toEqual([after, step.origin !== undefined])
      if (step.askedWith !== undefined) expect(Object.fromEntries(asked!)).toEqual(step.askedWith)
    }
  })

  const lifetimes = fc.constantFrom(
    'max-age=60',
    'max-age=10',
    's-maxage=30, max-age=90',
    'max-age=0, max-age=60',
  )
  const others = fc.constantFrom(
    'public',
    'public',
    'no-store',
    'private',
    'no-cache',
    'must-revalidate',
    'stale-while-revalidate=20',
    'stale-while-revalidate=20',
    'x="no-store"',
    'immutable',
  )
  const answers = fc.record({
    said: fc
      .tuple(lifetimes, fc.array(others, { maxLength: 2 }))
      .map(([one, more]) => [one, ...more].join(', ')),
    varies: fc.constantFrom(true, false),
    cookie: fc.constantFrom(true, false, false, false, false, false),
  })
  const requests = fc.record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
    target: fc.constantFrom('/a', '/b'),
    wish: fc.constantFrom('', '', '', 'no-cache', 'max-age=5', 'max-stale=15', 'no-store', 'only-if-cached'),
    color: fc.constantFrom(undefined, 'red', 'red', 'red', 'blue'),
    authorized: fc.constantFrom(true, false, false, false),
    pause: fc.constantFrom(0, 1, 2, 5, 10, 20, 40),
    origin: answers,
  })

  test('what a cache of them answers by itself, a plain reading of the RFC allows', () => {
    let hits = 0
    fc.assert(
      fc.property(fc.array(requests, { minLength: 20, maxLength: 40 }), (history) => {
        const made: { step: (typeof history)[number]; at: number }[] = []
        const changed = new Map<string, number>()
        let now = T
        let wasAsked = false
        let current: (typeof history)[number]
        const cache = new SmallCache(() => {
          wasAsked = true
          made.push({ step: current, at: now })
          const { said, varies, cookie } = current.origin
          const fields: Fields = { 'Cache-Control': said, Date: formatHttpDate(now) }
          if (varies) fields.Vary = 'Color'
          if (cookie) fields['Set-Cookie'] = 'a=b'
          return { status: 200, body: String(made.length - 1), headers: HeaderList.from(fields) }
        })
        for (current of history) {
          now += current.pause * 1_000
          wasAsked = false
          const { method, target, wish, color, authorized } = current
          const fields: Fields = {}
          if (wish !== '') fields['Cache-Control'] = wish
          if (color !== undefined) fields.Color = color
          if (authorized) fields.Authorization = 'Basic x'
          const answer = cache.handle(method, target, HeaderList.from(fields), now)
          if (method === 'POST') changed.set(target, made.length)
          if (wasAsked || answer.status === 504) continue
          hits++
          if (method === 'HEAD') continue
          const from = made[Number(answer.body)]!
          const said = from.step.origin.said.split(', ')
          const age = (now - from.at) / 1_000
          expect(from.step.target).toBe(target)
          expect(from.step.method).toBe('GET')
          expect(Number(answer.body)).toBeGreaterThanOrEqual(changed.get(target) ?? 0)
          expect(said).not.toContain('no-store')
          expect(said).not.toContain('private')
          expect(said).not.toContain('no-cache')
          expect(from.step.wish).not.toBe('no-store')
          expect(from.step.origin.cookie).toBe(false)
          if (from.step.origin.varies) expect(from.step.color).toBe(color)
          if (from.step.authorized)
            expect(said.some((one) => /^(?:public|must-revalidate|s-maxage=30)$/.test(one))).toBe(true)
          expect(wish).not.toBe('no-cache')
          if (wish === 'max-age=5') expect(age).toBeLessThanOrEqual(5)
          expect(answer.headers.get('age')).toBe(String(age))
          const lifetime = said.includes('s-maxage=30')
            ? 30
            : said[0] === 'max-age=60'
              ? 60
              : said[0] === 'max-age=10'
                ? 10
                : 0
          const stale = age - (said.includes('max-age=0') ? 0 : lifetime)
          const window = said.includes('stale-while-revalidate=20') ? 20 : 0
          const taken = wish === 'max-stale=15' && !said.includes('s-maxage=30') ? 15 : -1
          if (stale >= 0) expect(said).not.toContain('must-revalidate')
          expect(stale < 0 || stale < window || stale <= taken).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(hits).toBeGreaterThan(1_000)
  })
})
