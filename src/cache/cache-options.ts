import type { Exchange } from '../core/exchange.ts'
import { isFieldName } from '../core/headers.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { CacheStore } from './cache-store.ts'
import { DEFAULT_TAG_FIELDS } from './cache-tags.ts'
import { DEFAULT_FRESHNESS } from './freshness.ts'
import { DEFAULT_TARGETS } from './targeted-cache-control.ts'
import { isToken } from './token.ts'

export interface CacheOptions {
  /** What it is called in `Cache-Status`. Default `gatewright`. */
  name?: string
  /** Bytes that all stored responses may have in memory together; the least recently used leaves first. Default 100 MiB. */
  maxBytes?: Size
  /** Bytes that the content of one may have in memory; a longer one is passed on as it comes. Default a quarter of `maxBytes`. */
  maxEntryBytes?: Size
  /** What stands behind the memory: on disk (`diskStore`), or shared by many processes (`redisStore`). Default nothing. */
  store?: CacheStore
  /** Caches with different ones share nothing, though they have the same store. */
  partition?: string
  /**
   * Whatever else tells responses apart, beside method, scheme, host, path and query: a tenant, a version of an experiment. What
   * it gives is a part of the key; which texts belong together is told by the list, never by what stands in them.
   */
  key?: (exchange: Exchange) => string | readonly string[]
  /** The targeted fields (RFC 9213) that are obeyed before `Cache-Control`, the first that is there. Default `CDN-Cache-Control`. */
  targets?: readonly string[]
  /** Whether clients may ask for fresher responses, or that theirs are not stored (RFC 9111 section 5.2.1). Default true. */
  obeyClients?: boolean
  /**
   * Further methods whose responses are stored, if these name a lifetime: QUERY, and POST where it asks for something and changes
   * nothing. The content of the request is a part of the key. A POST that goes to the service makes what is stored of GET for its
   * target invalid, as any unsafe method does; where its response is not stored, that of other contents too. Default none.
   */
  methods?: readonly ('QUERY' | 'POST')[]
  /** Requests of these methods with a longer content go past the cache. Default 64 KiB. */
  maxRequestBytes?: Size
  /**
   * Content codings that services are asked for, the preferred one first: of these, the first that a client takes stands in the
   * place of its `Accept-Encoding`, or `identity`, so that there is one variant for each. Default: clients' own lists.
   */
  codings?: readonly string[]
  /**
   * Whether parts of responses (206, and what came of one that broke off) are stored, in memory, and combined where they have the
   * same strong validator. They answer requests for ranges that are all there; of what is asked for beyond them, only what is
   * missing is asked of the service. Default true.
   */
  parts?: boolean
  /**
   * Lifetimes of responses that name none, by status: `{ 404: '10s' }` stores that something is not there. Default none.
   */
  defaultLifetimes?: Readonly<Record<number, Duration>>
  /**
   * Which part of the time since `Last-Modified` a response is taken to stay fresh that says nothing of that, and how long at
   * most (RFC 9111 section 4.2.2); `false` for no guess. Default a tenth, and a day.
   */
  heuristic?: false | { readonly fraction?: number; readonly maxMs?: Duration }
  /** For how long a stale response answers while it is validated, where it does not say itself (RFC 5861). Default 0. */
  staleWhileRevalidateMs?: Duration
  /** For how long a stale response answers in place of an error, where it does not say itself (RFC 5861). Default 0. */
  staleIfErrorMs?: Duration
  /**
   * The fields in which services name the tags of a response, by which it can be purged: separated by spaces or commas, at most
   * 1 000 of 1 024 characters each; a response with more is not stored. They are sent on to clients. Default `Surrogate-Key` and
   * `Cache-Tag`.
   */
  tagFields?: readonly string[]
  /**
   * How early a response is refreshed while it is fresh still, by one of those who ask: 1 is best for requests that come by
   * chance, more is earlier (the beta of XFetch). The longer the last fetch took, the earlier. Default 0: not before it is stale.
   */
  earlyRefresh?: number
  /** Up to which part, from 0 to 1, is taken off each lifetime, so that what was stored at once is not stale at once. Default 0. */
  jitter?: number
  /**
   * Fetches in the background at once, early ones and those of `stale-while-revalidate`. Beyond them nothing is refreshed, and
   * what is stored answers as long as it may. Default 64.
   */
  maxBackgroundFetches?: number
  /** What becomes of a response with `Set-Cookie`: not stored, stored without the cookie, or stored with it. Default `refuse`. */
  setCookie?: 'refuse' | 'strip' | 'store'
}

const OPTIONS = [
  'name',
  'maxBytes',
  'maxEntryBytes',
  'store',
  'partition',
  'key',
  'targets',
  'obeyClients',
  'methods',
  'maxRequestBytes',
  'codings',
  'parts',
  'defaultLifetimes',
  'heuristic',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'earlyRefresh',
  'jitter',
  'maxBackgroundFetches',
  'setCookie',
  'tagFields',
] satisfies (keyof CacheOptions)[]

const STORE_METHODS = ['find', 'put', 'freshen', 'remove', 'clear', 'close'] satisfies (keyof CacheStore)[]

/** @throws `ERR_OPTION_INVALID` for an option that is wrong. */
export function cacheSettings(options: CacheOptions): CacheSettings {
  knownOptions('cache', options, OPTIONS)
  const maxBytes = sizeBytes('cache', 'maxBytes', options.maxBytes ?? '100mb', { min: 1 })
  const { maxEntryBytes = Math.ceil(maxBytes / 4), store, key } = options
  if (store !== undefined && !isStore(store))
    throw invalidOption('cache', 'store', 'a CacheStore: diskStore(...), redisStore(...), or your own', store)
  if (key !== undefined && typeof key !== 'function')
    throw invalidOption('cache', 'key', 'a function of the exchange', key)
  const obeyClients = flag('obeyClients', options.obeyClients ?? true)
  return {
    name: text('name', options.name ?? 'gatewright'),
    partition: options.partition === undefined ? undefined : text('partition', options.partition),
    furtherKey: key,
    maxBytes,
    maxEntryBytes: sizeBytes('cache', 'maxEntryBytes', maxEntryBytes, { min: 1, max: maxBytes }),
    store,
    tagFields: fieldNames('tagFields', options.tagFields ?? DEFAULT_TAG_FIELDS),
    obeyClients,
    earlyRefresh: number('earlyRefresh', options.earlyRefresh ?? 0, 1_000),
    jitter: number('jitter', options.jitter ?? 0, 1),
    maxBackgroundFetches: integer('cache', 'maxBackgroundFetches', options.maxBackgroundFetches ?? 64, {
      min: 0,
    }),
    maxRequestBytes: sizeBytes('cache', 'maxRequestBytes', options.maxRequestBytes ?? 65_536, { min: 1 }),
    codings: options.codings && codingsOf(options.codings),
    targets: fieldNames('targets', options.targets ?? DEFAULT_TARGETS).map((name) => name.toLowerCase()),
    terms: {
      ...heuristicOf(options.heuristic),
      defaultLifetimesMs: lifetimesOf(options.defaultLifetimes ?? {}),
      staleWhileRevalidateMs: duration('staleWhileRevalidateMs', options.staleWhileRevalidateMs ?? 0),
      staleIfErrorMs: duration('staleIfErrorMs', options.staleIfErrorMs ?? 0),
    },
    storability: {
      methods: new Set(['GET', 'HEAD', ...methodsOf(options.methods ?? [])]),
      setCookie: oneOf('setCookie', ['refuse', 'strip', 'store'], options.setCookie ?? 'refuse'),
      parts: flag('parts', options.parts ?? true),
      obeyClients,
    },
  }
}

function isStore(store: unknown): store is CacheStore {
  if (typeof store !== 'object' || store === null || typeof (store as CacheStore).name !== 'string')
    return false
  return STORE_METHODS.every((name) => typeof (store as CacheStore)[name] === 'function')
}

function heuristicOf(heuristic: CacheOptions['heuristic'] = {}) {
  if (heuristic === false) return { heuristicFraction: 0, heuristicMaxMs: 0 }
  knownOptions('cache', heuristic, ['fraction', 'maxMs'])
  const { fraction = DEFAULT_FRESHNESS.heuristicFraction, maxMs = DEFAULT_FRESHNESS.heuristicMaxMs } =
    heuristic
  if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1))
    throw invalidOption('cache', 'heuristic.fraction', 'a number from 0 to 1', fraction)
  return { heuristicFraction: fraction, heuristicMaxMs: duration('heuristic.maxMs', maxMs) }
}

function lifetimesOf(lifetimes: Readonly<Record<number, Duration>>): ReadonlyMap<number, number> {
  if (typeof lifetimes !== 'object' || lifetimes === null)
    throw invalidOption('cache', 'defaultLifetimes', 'an object of durations by status', lifetimes)
  return new Map(
    Object.entries(lifetimes).map(([status, lifetime]) => [
      integer('cache', 'defaultLifetimes', Number(status), { min: 200, max: 599 }),
      duration(`defaultLifetimes.${status}`, lifetime),
    ]),
  )
}

function methodsOf(methods: readonly string[]): readonly string[] {
  if (!Array.isArray(methods) || !methods.every((method) => method === 'QUERY' || method === 'POST'))
    throw invalidOption('cache', 'methods', 'a list of QUERY and POST', methods)
  return methods
}

function codingsOf(codings: readonly string[]): readonly string[] {
  const isList = Array.isArray(codings) && codings.length > 0
  if (!isList || !codings.every((coding) => typeof coding === 'string' && isToken(coding) && coding !== '*'))
    throw invalidOption('cache', 'codings', 'a list of names of content codings', codings)
  return codings.map((coding) => coding.toLowerCase())
}

function fieldNames(option: string, names: readonly string[]): readonly string[] {
  if (!Array.isArray(names) || !names.every(isFieldName))
    throw invalidOption('cache', option, 'a list of names of fields', names)
  return names
}

function duration(option: string, value: Duration): number {
  return durationMs('cache', option, value)
}

function text(option: string, value: string): string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value))
    throw invalidOption('cache', option, 'a text of printable ASCII', value)
  return value
}

function number(option: string, value: number, max: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= max))
    throw invalidOption('cache', option, `a number from 0 to ${max}`, value)
  return value
}

function flag(option: string, value: boolean): boolean {
  if (typeof value !== 'boolean') throw invalidOption('cache', option, 'true or false', value)
  return value
}

function oneOf<T extends string>(option: string, all: readonly T[], value: T): T {
  if (!all.includes(value)) throw invalidOption('cache', option, `one of ${all.join(', ')}`, value)
  return value
}
