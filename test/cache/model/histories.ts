import fc from 'fast-check'
import type { Directives, Request, Wishes } from './messages.ts'
import type { Manner, Trouble } from './service.ts'

/** A request whose validators may be those that the last answer of the same target had. */
export type Wanted = Omit<Request, 'ifNoneMatch' | 'ifModifiedSince' | 'ifRange'> & {
  ifNoneMatch?: 'last' | (string & {})
  ifModifiedSince?: 'last' | 'now'
  ifRange?: 'last tag' | 'last date' | (string & {})
}

export type Step =
  | { readonly do: 'ask'; readonly request: Wanted }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'change'; readonly target: string }
  | { readonly do: 'behave'; readonly target: string; readonly manner: Manner }
  | { readonly do: 'trouble'; readonly trouble: Trouble | undefined }
  | { readonly do: 'restart' }

export interface History {
  /** What stands behind the memory: what is there outlives a restart. */
  readonly store: 'none' | 'kept' | 'disk'
  readonly steps: readonly Step[]
}

const TARGETS = ['/a', '/b'] as const
const target = fc.constantFrom(...TARGETS)
/** Lifetimes and pauses that often meet each other's ends. */
const seconds = fc.constantFrom(0, 1, 10, 10, 60)

/** A few of many members, often none: later ones win. */
function some<T extends object>(maxLength: number, ...members: fc.WeightedArbitrary<Partial<T>>[]) {
  return fc.array(fc.oneof(...members), { maxLength }).map((all) => Object.assign({}, ...all) as T)
}

const only = <T>(value: T) => fc.constant(value)
const one = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })

const lifetime = fc.oneof(
  one(
    4,
    seconds.map((maxAge): Directives => ({ maxAge })),
  ),
  one(
    1,
    seconds.map((sMaxage): Directives => ({ sMaxage })),
  ),
)

const moreDirectives = some<Directives>(
  2,
  one(2, only({ noCache: true })),
  one(1, only({ noStore: true })),
  one(1, only({ private: true })),
  one(2, only({ private: ['set-cookie'] })),
  one(1, only({ noCache: ['set-cookie'] })),
  one(2, only({ public: true })),
  one(2, only({ mustRevalidate: true })),
  one(1, only({ proxyRevalidate: true })),
  one(1, only({ mustUnderstand: true })),
  one(1, only({ immutable: true })),
  one(
    4,
    seconds.map((staleWhileRevalidate) => ({ staleWhileRevalidate })),
  ),
  one(
    4,
    seconds.map((staleIfError) => ({ staleIfError })),
  ),
  one(
    2,
    seconds.map((sMaxage) => ({ sMaxage })),
  ),
)

const directives = fc
  .tuple(fc.option(lifetime, { freq: 5, nil: {} }), moreDirectives)
  .map(([first, more]): Directives => ({ ...first, ...more }))

const vary = fc.constantFrom(
  ['Accept-Language'],
  ['accept-language'],
  ['Accept-Encoding'],
  ['Accept-Language', 'Accept-Encoding'],
  ['*'],
)

const manner = fc
  .tuple(
    fc.option(directives, { freq: 8, nil: undefined }),
    some<Manner>(
      4,
      one(6, fc.constantFrom<Manner>({ tag: 'strong' }, { tag: 'strong' }, { tag: 'weak' })),
      one(4, only<Manner>({ dated: true })),
      one(
        4,
        vary.map((it): Manner => ({ vary: it })),
      ),
      one(
        1,
        fc.constantFrom(0, 5, 10, 20).map((expiresIn): Manner => ({ expiresIn })),
      ),
      one(
        1,
        directives.map((cdnCacheControl): Manner => ({ cdnCacheControl })),
      ),
      one(
        1,
        fc.constantFrom(0, 5, 10).map((age): Manner => ({ age })),
      ),
      one(
        1,
        fc.constantFrom<Manner['clockOff'] & {}>('no-date', -5, 5).map((clockOff): Manner => ({ clockOff })),
      ),
      one(1, only<Manner>({ setCookie: 'a=1' })),
      one(1, only<Manner>({ contentType: 'text/plain' })),
      one(1, only<Manner>({ unconditional: true })),
      one(1, only<Manner>({ briefly: true })),
      one(1, only<Manner>({ ranges: true })),
      one(1, only<Manner>({ breaksOff: true })),
      one(
        1,
        fc.constantFrom(1, 1_000, 5_500).map((delayMs): Manner => ({ delayMs })),
      ),
      one(
        1,
        fc
          .constantFrom('/b', './a', 'http://example.com/b', 'http://b.example/b')
          .map((location): Manner => ({ location })),
      ),
      one(
        2,
        fc
          .constantFrom(203, 204, 299, 301, 302, 404, 410, 418, 429, 500, 503)
          .map((status): Manner => ({ status })),
      ),
    ),
  )
  .map(([cacheControl, more]): Manner => ({ ...(cacheControl && { cacheControl }), ...more }))

const wishes = some<Wishes>(
  2,
  one(2, only({ noCache: true })),
  one(1, only({ noStore: true })),
  one(2, only({ onlyIfCached: true })),
  one(
    3,
    seconds.map((maxAge) => ({ maxAge })),
  ),
  one(
    3,
    fc.oneof(seconds, only<true>(true)).map((maxStale) => ({ maxStale })),
  ),
  one(
    2,
    seconds.map((minFresh) => ({ minFresh })),
  ),
  one(
    2,
    seconds.map((staleIfError) => ({ staleIfError })),
  ),
)

const tags = fc.constantFrom('last', '"1"', '"2"', 'W/"1"', '"1", "2"', '"x"', '*')
const ranges = fc.constantFrom('0-9', '10-', '-7', '0-0,150-160', '5000-', '-5,0-1', '5000-,0-0')

const request = fc
  .tuple(
    fc.oneof(
      one(14, only('GET')),
      one(2, only('HEAD')),
      one(1, fc.constantFrom('POST', 'DELETE', 'PUT', 'OPTIONS')),
    ),
    fc.oneof(one(3, only('/a')), one(1, only('/b'))),
    some<Omit<Wanted, 'method' | 'target'>>(
      3,
      one(
        5,
        wishes.filter((it) => Object.keys(it).length > 0).map((cacheControl) => ({ cacheControl })),
      ),
      one(1, only({ pragma: 'no-cache' as const })),
      one(
        3,
        tags.map((ifNoneMatch) => ({ ifNoneMatch })),
      ),
      one(
        2,
        fc.constantFrom('last' as const, 'now' as const).map((ifModifiedSince) => ({ ifModifiedSince })),
      ),
      one(1, only({ ifMatch: '"1"' })),
      one(
        4,
        fc.constantFrom('de', 'DE', 'en').map((acceptLanguage) => ({ acceptLanguage })),
      ),
      one(
        3,
        fc.constantFrom('gzip', 'br', 'gzip, br', 'gzip,br').map((acceptEncoding) => ({ acceptEncoding })),
      ),
      one(1, only({ authorization: 'Bearer x' })),
      one(
        3,
        fc
          .tuple(
            ranges,
            fc.option(fc.constantFrom('last tag', 'last date', '"1"'), { freq: 1, nil: undefined }),
          )
          .map(([range, ifRange]) => ({ range: `bytes=${range}`, ...(ifRange && { ifRange }) })),
      ),
    ),
  )
  .map(([method, to, more]): Step => ({ do: 'ask', request: { method, target: to, ...more } }))

const waits = fc.oneof(
  one(2, fc.constantFrom(1, 500, 999, 1_000, 1_001, 4_000)),
  one(3, fc.constantFrom(9_000, 9_999, 10_000, 10_001, 15_000)),
  one(2, fc.constantFrom(20_000, 59_000, 60_000, 61_000, 70_000)),
)

const trouble: fc.Arbitrary<Trouble | undefined> = fc.oneof(
  one(2, only(undefined)),
  one(1, only<Trouble>('unreachable')),
  one(
    1,
    fc
      .tuple(fc.constantFrom(500, 503, 404), fc.option(lifetime, { freq: 1, nil: undefined }))
      .map(([status, cacheControl]): Trouble => ({ status, ...(cacheControl && { cacheControl }) })),
  ),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  one(12, request),
  one(
    6,
    waits.map((ms): Step => ({ do: 'wait', ms })),
  ),
  one(
    2,
    target.map((it): Step => ({ do: 'change', target: it })),
  ),
  one(
    2,
    fc
      .tuple(fc.oneof(one(3, only('/a')), one(1, only('/b'))), manner)
      .map(([to, how]): Step => ({ do: 'behave', target: to, manner: how })),
  ),
  one(
    1,
    trouble.map((it): Step => ({ do: 'trouble', trouble: it })),
  ),
  one(1, only<Step>({ do: 'restart' })),
)

const ask = (target: string, more: Partial<Wanted> = {}): Step => ({
  do: 'ask',
  request: { method: 'GET', target, ...more },
})
const behave = (target: string, manner: Manner): Step => ({ do: 'behave', target, manner })
const MINUTE: Manner = { cacheControl: { maxAge: 60 } }

/** Beginnings that steps by chance seldom make: what comes after them is left to chance. */
const scene: fc.Arbitrary<Step[]> = fc.oneof(
  // As much freshness is left as is asked for, and one moment more or less.
  fc
    .tuple(fc.constantFrom(1, 10), fc.constantFrom(-1, 0, 1))
    .map(([minFresh, off]) => [
      behave('/a', MINUTE),
      ask('/a'),
      { do: 'wait', ms: 60_000 - minFresh * 1_000 - 1 + off },
      ask('/a', { cacheControl: { minFresh } }),
    ]),
  fc
    .constantFrom('/b', './b', 'http://example.com/b', 'http://b.example/b')
    .map((location) => [
      behave('/b', MINUTE),
      ask('/b'),
      behave('/a', { location }),
      ask('/a', { method: 'POST' }),
      ask('/b'),
    ]),
  fc
    .constantFrom('last tag', 'last date', '"2"', 'W/"1"')
    .map((ifRange) => [
      behave('/a', { ...MINUTE, tag: 'strong', dated: true }),
      ask('/a'),
      ask('/a', { range: 'bytes=0-9', ifRange }),
    ]),
  // Confirmed by its date alone: the tag would be another one.
  fc
    .tuple(vary, fc.constantFrom(0, 60))
    .map(([it, maxAge]) => [
      behave('/a', { cacheControl: { maxAge: 0 }, dated: true }),
      ask('/a'),
      behave('/a', { cacheControl: { maxAge }, dated: true, vary: it }),
      ask('/a'),
      ask('/a', { acceptLanguage: 'de', acceptEncoding: 'gzip' }),
    ]),
)

/** How `/a` answers at first, and what happens then. */
export function histories(...stores: History['store'][]): fc.Arbitrary<History> {
  const first = manner.map((how) => [behave('/a', how)])
  return fc
    .tuple(
      fc.constantFrom(...stores),
      fc.oneof(one(7, first), one(1, scene)),
      fc.array(step, { minLength: 2, maxLength: 18, size: 'max' }),
    )
    .map(([store, begins, steps]) => ({ store, steps: [...begins, ...steps] }))
}

/** A step as a line that people can read. */
export function stepText(step: Step): string {
  if (step.do === 'wait') return `wait ${step.ms} ms`
  if (step.do === 'restart') return 'the cache begins anew'
  if (step.do === 'change') return `${step.target} changes`
  if (step.do === 'behave') return `${step.target} now answers with ${words(step.manner)}`
  if (step.do === 'trouble')
    return `the service is ${step.trouble === undefined ? 'well' : words(step.trouble)}`
  const { method, target: to, ...more } = step.request
  return `${method} ${to} ${words(more)}`
}

function words(value: object | string): string {
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll(/"(\w+)":/g, '$1: ')
}
