import type { RateLimitKey } from '../../filters/rate-limit.ts'
import type { Schema } from '../schema/schema.ts'
import { choice, either, moduleValue, object, oneOrMore, text } from '../schema/values.ts'

/** As the builder's, but `{ claim: 'sub' }` is of what `jwt` has checked: attributes have no names in files. */
type KeyInFile = Exclude<RateLimitKey, { readonly claim: string }> | { readonly claim: string }

export type RateLimitKeyInFile = KeyInFile | readonly KeyInFile[]

export const rateLimitKey: Schema = oneOrMore(
  either(
    choice('address', 'route', 'all'),
    object({ header: text }, { required: ['header'], expected: '{ header: "..." }' }),
    object({ claim: text }, { required: ['claim'], expected: '{ claim: "..." } of a token' }),
    moduleValue('a function of the exchange'),
  ),
)

type KeysOf = (given: RateLimitKeyInFile) => RateLimitKey | readonly RateLimitKey[]

/** Loads what makes the builder's key of it. */
export async function loadKeysOf(): Promise<KeysOf> {
  // The attribute alone, without what checks tokens.
  const { claims } = await import('../../filters/jwt/jwt-gate.ts')
  const keyOf = (key: KeyInFile): RateLimitKey =>
    typeof key === 'object' && 'claim' in key ? { claim: key.claim, of: claims } : key
  return (given) => (isList(given) ? given.map(keyOf) : keyOf(given))
}

function isList(given: RateLimitKeyInFile): given is readonly KeyInFile[] {
  return Array.isArray(given)
}
