import { LRUCache } from 'lru-cache'
import type { Refusal } from './refusal.ts'
import type { JwtClaims } from './token-verifier.ts'

/** A token that was verified, and all that follows from it. */
export interface KnownToken {
  readonly claims: JwtClaims
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Why it does not entitle to anything here. */
  readonly lack: Refusal | undefined
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** Objects are larger than the text that they are made of. */
const BYTES_PER_CHARACTER = 4
const BYTES_PER_TOKEN = 512

/** Tokens that were verified, by their whole text: as many as fit into so many bytes. */
export class KnownTokens {
  readonly #tokens: LRUCache<string, KnownToken> | undefined
  #generation = 0

  constructor(maxBytes: number) {
    if (maxBytes === 0) return
    this.#tokens = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (_, token) => BYTES_PER_CHARACTER * token.length + BYTES_PER_TOKEN,
    })
  }

  /** Another each time that all was forgotten. */
  get generation(): number {
    return this.#generation
  }

  /** How much they are counted for. */
  get bytes(): number {
    return this.#tokens?.calculatedSize ?? 0
  }

  get(token: string): KnownToken | undefined {
    return this.#tokens?.get(token)
  }

  /** Keeps what was verified, unless everything that was verified when that began has been forgotten since. */
  keep(token: string, known: KnownToken, generation: number): void {
    if (generation !== this.#generation) return
    // A text that was cut out of a request's head keeps all of that in memory; this one is its own.
    this.#tokens?.set(Buffer.from(token, 'latin1').toString('latin1'), known)
  }

  forget(): void {
    this.#generation++
    this.#tokens?.clear()
  }
}
