import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { secretBytes } from '../../core/secret.ts'

/** Known to this process alone: what is kept is of no use to who reads its memory. */
const KEY = createSecretKey(secretBytes(32))

/** Tokens that let in. How long a comparison takes says nothing of any. */
export class AccessTokens {
  readonly #digests: readonly Buffer[]

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digestOf)
  }

  has(given: string): boolean {
    return this.#hasDigest(digestOf(given))
  }

  hasAllOf(other: AccessTokens): boolean {
    return other.#digests.every((digest) => this.#hasDigest(digest))
  }

  #hasDigest(digest: Buffer): boolean {
    // All of them, also behind the one that fits.
    return this.#digests.filter((one) => timingSafeEqual(one, digest)).length > 0
  }
}

function digestOf(token: string): Buffer {
  return createHmac('sha256', KEY).update(token).digest()
}
