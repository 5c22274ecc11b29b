import type { Exchange } from '../../core/exchange.ts'
import type { VerificationKey } from './verification-key.ts'

/** What came of asking for keys: some; none that may be used, and why; or that it is too soon to ask again. */
export type KeyAnswer =
  | { readonly kind: 'keys'; readonly keys: readonly VerificationKey[] }
  | { readonly kind: 'unavailable'; readonly cause: unknown }
  | { readonly kind: 'too-soon' }

/** Where keys come from. Times are those of a clock on the wall, in milliseconds. */
export interface KeySource {
  /**
   * Whether what was verified before still holds: for requests of tokens that are known, so it must cost nothing. Begins to
   * renew the keys where it is time for that.
   */
  holds(exchange: Exchange, now: number): boolean
  /** The keys to use now. */
  current(exchange: Exchange, now: number): Promise<KeyAnswer> | KeyAnswer
  /** Keys newer than those among which there was none for a token. */
  newer(exchange: Exchange): Promise<KeyAnswer> | KeyAnswer
}

/** Keys that someone has given once and for all. */
export class GivenKeys implements KeySource {
  readonly #answer: KeyAnswer

  constructor(keys: readonly VerificationKey[]) {
    this.#answer = { kind: 'keys', keys }
  }

  holds(): boolean {
    return true
  }

  current(): KeyAnswer {
    return this.#answer
  }

  newer(): KeyAnswer {
    return { kind: 'too-soon' }
  }
}
