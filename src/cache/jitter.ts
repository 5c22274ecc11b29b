import { hashText } from '../core/hash.ts'
import type { ReuseTerms } from './reuse-terms.ts'

/**
 * The same terms with a lifetime that is shorter by a part of up to `jitter` (0 to 1), so that what came at once is not stale at
 * once. The part follows from the key and from when the response came: whichever level it is found in, and by whichever process,
 * it expires at the same moment.
 */
export function withJitter(terms: ReuseTerms, jitter: number, key: string): ReuseTerms {
  if (jitter === 0) return terms
  const part = hashText(`${key} ${terms.responseTime}`) / 0x1_0000_0000
  return { ...terms, lifetimeMs: terms.lifetimeMs * (1 - jitter * part) }
}
