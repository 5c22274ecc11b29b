import { randomBytes } from 'node:crypto'

/**
 * Bytes that nobody can guess, from the system: salts, keys, nonces. No parameter, unlike chance (`random.ts`): a secret that
 * comes from a seed is none. Nothing that a simulation does may depend on them.
 */
export function secretBytes(length: number): Buffer {
  return randomBytes(length)
}
