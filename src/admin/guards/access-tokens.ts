import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import { secretBytes } from '../../core/secret.ts'

/** Tokens that let in. How long a comparison takes says nothing of any. */
export class AccessTokens {
  /** Known to this process alone: what is kept is of no use to who reads its memory. */
  readonly #key = createSecretKey(secretBytes(32))
  readonly #digests: readonly Buffer[]

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map((token) => this.#digest(token))
  }

  has(given: string): boolean {
    const digest = this.#digest(given)
    // All of them, also behind the one that fits.
    return this.#digests.filter((one) => timingSafeEqual(one, digest)).length > 0
  }

  #digest(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest()
  }
}
