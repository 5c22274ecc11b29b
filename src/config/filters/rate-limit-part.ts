import type { Filter } from '../../core/handler.ts'
import type { MemoryStoreOptions } from '../../filters/memory-store.ts'
import type {
  RateLimitKey,
  RateLimitOptions,
  RateLimitRule,
  RateLimitStore,
} from '../../filters/rate-limit.ts'
import type { RedisLeaseOptions, RedisStoreOptions } from '../../filters/redis-store.ts'
import type { Part } from '../part.ts'
import type { OptionsSchema, Schema } from '../schema/schema.ts'
import {
  choice,
  duration,
  either,
  integer,
  listOf,
  moduleValue,
  object,
  oneOrMore,
  optionsObject,
  text,
} from '../schema/values.ts'

/** As the builder's `key`, but `{ claim: 'sub' }` is of what `jwt` has checked: attributes have no names in files. */
type KeyInFile = Exclude<RateLimitKey, { readonly claim: string }> | { readonly claim: string }

type KeysInFile = KeyInFile | readonly KeyInFile[]

type RuleInFile = Omit<RateLimitRule, 'key'> & { readonly key?: KeysInFile }

type StoreInFile =
  | RateLimitStore
  | { readonly memory: MemoryStoreOptions }
  | { readonly redis: RedisStoreOptions }

interface RateLimitInFile extends Omit<RateLimitOptions, 'key' | 'rules' | 'store'> {
  key?: KeysInFile
  rules?: readonly RuleInFile[]
  store?: StoreInFile
}

const key: Schema = oneOrMore(
  either(
    choice('address', 'route', 'all'),
    object({ header: text }, { required: ['header'], expected: '{ header: "..." }' }),
    object(
      { claim: text },
      { required: ['claim'], expected: '{ claim: "..." }, of a token that jwt has checked' },
    ),
    moduleValue('a function of the exchange'),
  ),
)

const rule: OptionsSchema<RateLimitRule> = {
  limit: integer(1),
  per: duration,
  algorithm: choice('token-bucket', 'gcra', 'sliding-window', 'sliding-window-counter', 'fixed-window'),
  burst: integer(1),
  key,
  ipv6Prefix: integer(1, 128),
  name: text,
}

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
      object(
        { memory: optionsObject<MemoryStoreOptions>({ maxKeys: integer(1) }) },
        { required: ['memory'] },
      ),
      object({ redis }, { required: ['redis'] }),
      moduleValue('a store'),
    ),
    whenUnavailable: choice('admit', 'refuse'),
    onUnavailable: moduleValue('a function of an error and the exchange'),
    fields: choice('standard', 'legacy', 'both', 'none'),
  },
  required: [],
  load: async () => {
    const [{ rateLimit, memoryStore }, { redisStore }, { claims }] = await Promise.all([
      import('../../filters/rate-limit.ts'),
      import('../../filters/redis-store.ts'),
      import('../../filters/jwt/jwt-gate.ts'),
    ])

    const keyOf = (key: KeyInFile): RateLimitKey =>
      typeof key === 'object' && 'claim' in key ? { claim: key.claim, of: claims } : key
    const keysOf = (key: KeysInFile) => (isList(key) ? key.map(keyOf) : keyOf(key))
    const storeOf = (store: StoreInFile): RateLimitStore => {
      if ('memory' in store) return memoryStore(store.memory)
      return 'redis' in store ? redisStore(store.redis) : store
    }

    const ruleOf = ({ key, ...rule }: RuleInFile): RateLimitRule =>
      key === undefined ? rule : { ...rule, key: keysOf(key) }
    return ({ key, rules, store, ...options }) =>
      rateLimit({
        ...options,
        ...(key === undefined ? {} : { key: keysOf(key) }),
        ...(rules === undefined ? {} : { rules: rules.map(ruleOf) }),
        ...(store === undefined ? {} : { store: storeOf(store) }),
      })
  },
}

function isList(keys: KeysInFile): keys is readonly KeyInFile[] {
  return Array.isArray(keys)
}
