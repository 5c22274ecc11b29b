import type { Clock } from '../core/clock.ts'
import { HeaderList, type HeadersInit } from '../core/headers.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { currentAgeMs } from './age.ts'
import { requestDirectives } from './cache-control.ts'
import { cacheKey } from './cache-key.ts'
import type { CacheSettings } from './cache-settings.ts'
import { formatEntityTag } from './entity-tag.ts'
import type { LifetimeSource } from './freshness.ts'
import type { Levels } from './levels.ts'
import { PartialResponse } from './partial-response.ts'
import { resourceOfUrl } from './resource-of-url.ts'
import { type ForwardReason, type ReuseReason, reuse } from './reuse.ts'
import type { Stored } from './stored.ts'
import { selectVariant } from './variant.ts'

/** A request by GET that is not made. */
export interface CacheQuestion {
  /** Scheme and host are those with which requests come to the cache. */
  readonly url: string
  /** Fields of the request: those that `Vary` names, `Cache-Control`. Default none. */
  readonly headers?: HeadersInit
  /** What the option `key` would give for it. Default nothing. */
  readonly key?: string | readonly string[]
}

/** What a cache would do with a request, and what it has for it. Times are in ms. */
export interface CacheExplanation {
  /** `answer`: a stored response answers. `forward`: the service is asked. `refuse`: 504, since it is not to be asked. */
  readonly use: 'answer' | 'forward' | 'refuse'
  readonly reason: ReuseReason | ForwardReason
  /** What is stored under this URL, in all levels. */
  readonly responses: readonly StoredDescription[]
}

/** A stored response. */
export interface StoredDescription {
  /** Where it is: `memory`, or the store's name. */
  readonly level: string
  readonly status: number
  /** Bytes of its content. */
  readonly bytes: number
  /** The fields that it depends on, in lower case. */
  readonly vary: readonly string[]
  /** Whether it is for a request with these fields. */
  readonly matches: boolean
  readonly ageMs: number
  readonly lifetimeMs: number
  /** What says how long it is fresh. */
  readonly lifetimeSource: LifetimeSource
  /** How much longer; negative where it is stale. */
  readonly remainingMs: number
  /** Whether it is never used without asking (`no-cache`). */
  readonly validateAlways: boolean
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly etag: string | undefined
  readonly tags: readonly string[]
}

const OWNER = 'cache.explain'

/** @throws `ERR_OPTION_INVALID` */
export function explain(
  settings: CacheSettings,
  levels: Levels,
  question: CacheQuestion,
  clock: Clock,
): Promise<CacheExplanation> {
  knownOptions(OWNER, question, ['url', 'headers', 'key'])
  const { key: further } = question
  if (further !== undefined && typeof further !== 'string' && !Array.isArray(further))
    throw invalidOption(OWNER, 'key', 'a text or a list of texts', further)
  const { partition } = settings
  const key = cacheKey({ ...resourceOfUrl(OWNER, question.url), partition, method: 'GET', further })
  return explained(settings, levels, key, HeaderList.from(question.headers), clock)
}

async function explained(
  settings: CacheSettings,
  levels: Levels,
  key: string,
  headers: HeaderList,
  clock: Clock,
): Promise<CacheExplanation> {
  const stored = await levels.all(key, clock)
  const now = clock.wallTime()
  const selected = selectVariant(
    stored.flatMap((it) => (it instanceof PartialResponse ? [] : it.head)),
    headers,
  )
  const { use, reason } = reuse(selected?.terms, requestDirectives(headers), now, settings)
  return {
    use,
    reason: reason === 'miss' ? (stored.length === 0 ? 'uri-miss' : 'vary-miss') : reason,
    responses: stored.map((it) => description(it, headers, now)),
  }
}

function description({ head, level, length }: Stored, headers: HeaderList, now: number): StoredDescription {
  const { status, terms, fields, tags, validators } = head
  const { lifetimeMs, lifetimeSource, validateAlways, staleWhileRevalidateMs, staleIfErrorMs } = terms
  const ageMs = currentAgeMs(terms, now)
  return {
    level,
    status,
    bytes: length,
    vary: fields === '*' ? ['*'] : fields,
    matches: selectVariant([head], headers) !== undefined,
    ageMs,
    lifetimeMs,
    lifetimeSource,
    remainingMs: lifetimeMs - ageMs,
    validateAlways,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    etag: validators.etag && formatEntityTag(validators.etag),
    tags,
  }
}
