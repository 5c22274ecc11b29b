import type { Filter } from '../../core/handler.ts'
import type { MemoryStoreOptions } from '../../filters/memory-store.ts'
import type { RateLimitOptions, RateLimitRule, RateLimitStore } from '../../filters/rate-limit.ts'
import type { RedisLeaseOptions, RedisStoreOptions } from '../../filters/redis-store.ts'
import type { Part } from '../part.ts'
import type { OptionsSchema } from '../schema/schema.ts'
import {
  choice,
  duration,
  either,
  integer,
  listOf,
  moduleValue,
  object,
  optionsObject,
  text,
} from '../schema/values.ts'
import { loadKeysOf, type RateLimitKeyInFile, rateLimitKey } from './rate-limit-key.ts'

type RuleInFile = Omit<RateLimitRule, 'key'> & { readonly key?: RateLimitKeyInFile }

type StoreInFile =
  | RateLimitStore
  | { readonly memory: MemoryStoreOptions }
  | { readonly redis: RedisStoreOptions }

interface RateLimitInFile extends Omit<RateLimitOptions, 'key' | 'rules' | 'store'> {
  key?: RateLimitKeyInFile
  rules?: readonly RuleInFile[]
  store?: StoreInFile
}

const rule: OptionsSchema<RateLimitRule> = {
  limit: integer(1),
  per: duration,
  algorithm: choice('token-bucket', 'gcra', 'sliding-window', 'sliding-window-counter', 'fixed-window'),
  burst: integer(1),
  key: rateLimitKey,
  ipv6Prefix: integer(1, 128),
  name: text,
}

const memory = optionsObject<MemoryStoreOptions>({ maxKeys: integer(1) })

const redis = optionsObject<RedisStoreOptions>(
  {
    client: moduleValue('a client of redis'),
    prefix: text,
    timeoutMs: duration,
    maxPending: integer(1),
    retryMs: duration,
    lease: optionsObject<RedisLeaseOptions>({ units: integer(1), forMs: duration, maxKeys: integer(1) }, [
      'units',
    ]),
  },
  ['client'],
)

export const rateLimitPart: Part<RateLimitInFile, Filter> = {
  schema: {
    ...rule,
    rules: listOf(optionsObject(rule, ['limit', 'per']), 1),
    cost: either(integer(0), moduleValue('a function of the exchange')),
    store: either(
      object({ memory }, { required: ['memory'], expected: '{ memory: {} }' }),
      object({ redis }, { required: ['redis'], expected: '{ redis: { client } }' }),
      moduleValue('a store'),
    ),
    whenUnavailable: choice('admit', 'refuse'),
    onUnavailable: moduleValue('a function of an error and the exchange'),
    fields: choice('standard', 'legacy', 'both', 'none'),
  },
  required: [],
  load: async () => {
    const [{ rateLimit, memoryStore }, { redisStore }, keysOf] = await Promise.all([
      import('../../filters/rate-limit.ts'),
      import('../../filters/redis-store.ts'),
      loadKeysOf(),
    ])
    const ruleOf = ({ key, ...rule }: RuleInFile): RateLimitRule =>
      key === undefined ? rule : { ...rule, key: keysOf(key) }
    const storeOf = (store: StoreInFile): RateLimitStore => {
      if ('memory' in store) return memoryStore(store.memory)
      return 'redis' in store ? redisStore(store.redis) : store
    }
    return ({ key, rules, store, ...options }) =>
      rateLimit({
        ...options,
        ...(key === undefined ? {} : { key: keysOf(key) }),
        ...(rules === undefined ? {} : { rules: rules.map(ruleOf) }),
        ...(store === undefined ? {} : { store: storeOf(store) }),
      })
  },
}
