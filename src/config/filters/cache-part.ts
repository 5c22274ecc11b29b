import type { CacheOptions } from '../../cache/cache-options.ts'
import type { CacheStore } from '../../cache/cache-store.ts'
import type { DiskStoreOptions } from '../../cache/disk-store.ts'
import type { RedisStoreOptions } from '../../cache/redis-store.ts'
import type { Filter } from '../../core/handler.ts'
import type { Part } from '../part.ts'
import {
  choice,
  duration,
  either,
  filePath,
  flag,
  integer,
  listOf,
  mapOf,
  moduleValue,
  number,
  object,
  optionsObject,
  size,
  text,
  texts,
} from '../schema/values.ts'

type StoreInFile = CacheStore | { readonly disk: DiskStoreOptions } | { readonly redis: RedisStoreOptions }

interface CacheInFile extends Omit<CacheOptions, 'store'> {
  store?: StoreInFile
}

type Heuristic = Exclude<NonNullable<CacheOptions['heuristic']>, false>

const disk = optionsObject<DiskStoreOptions>({ path: filePath, maxBytes: size, maxEntryBytes: size }, [
  'path',
])

const redis = optionsObject<RedisStoreOptions>(
  {
    client: moduleValue('a client of redis'),
    subscriber: moduleValue('a second client of redis'),
    prefix: text,
    maxEntryBytes: size,
    keepMs: duration,
  },
  ['client'],
)

export const cachePart: Part<CacheInFile, Filter> = {
  schema: {
    name: text,
    maxBytes: size,
    maxEntryBytes: size,
    store: either(
      object({ disk }, { required: ['disk'], expected: '{ disk: { path } }' }),
      object({ redis }, { required: ['redis'], expected: '{ redis: { client } }' }),
      moduleValue('a store'),
    ),
    partition: text,
    key: moduleValue('a function of the exchange'),
    targets: texts,
    obeyClients: flag,
    methods: listOf(choice('QUERY', 'POST')),
    maxRequestBytes: size,
    codings: texts,
    parts: flag,
    defaultLifetimes: mapOf(duration),
    heuristic: either(choice(false), optionsObject<Heuristic>({ fraction: number(0, 1), maxMs: duration })),
    staleWhileRevalidateMs: duration,
    staleIfErrorMs: duration,
    tagFields: texts,
    earlyRefresh: number(0),
    jitter: number(0, 1),
    maxBackgroundFetches: integer(0),
    setCookie: choice('refuse', 'strip', 'store'),
  },
  required: [],
  load: async () => {
    const { cache, diskStore, redisStore } = await import('../../cache/index.ts')
    const storeOf = (store: StoreInFile): CacheStore => {
      if ('disk' in store) return diskStore(store.disk)
      return 'redis' in store ? redisStore(store.redis) : store
    }
    return ({ store, ...options }) =>
      cache({ ...options, ...(store === undefined ? {} : { store: storeOf(store) }) })
  },
}
