import type { RateRule, RateVerdict } from './store.ts'

/** Which fields tell a client of its limits. */
export type RateLimitFields = 'standard' | 'legacy' | 'both' | 'none'

/** Writes what clients are told. */
export class FieldWriter {
  readonly #rules: readonly RateRule[]
  readonly #policy: string
  readonly #standard: boolean
  readonly #legacy: boolean

  constructor(rules: readonly RateRule[], fields: RateLimitFields) {
    this.#rules = rules
    this.#standard = fields === 'standard' || fields === 'both'
    this.#legacy = fields === 'legacy' || fields === 'both'
    this.#policy = rules.map(policyOf).join(', ')
  }

  /** Calls `add` with each field. */
  write(verdicts: readonly RateVerdict[], add: (name: string, value: string) => void): void {
    if (this.#standard) {
      add('RateLimit-Policy', this.#policy)
      add('RateLimit', this.#state(verdicts))
    }
    if (this.#legacy) this.#writeLegacy(verdicts, add)
  }

  /** draft-ietf-httpapi-ratelimit-headers-10 section 4. */
  #state(verdicts: readonly RateVerdict[]): string {
    let state = ''
    for (let i = 0; i < verdicts.length; i++) {
      const { remaining, resetMs } = verdicts[i]!
      if (i > 0) state += ', '
      state += `"${this.#rules[i]!.name}";r=${remaining};t=${seconds(resetMs)}`
    }
    return state
  }

  /** They know one limit: the one that is nearest. */
  #writeLegacy(verdicts: readonly RateVerdict[], add: (name: string, value: string) => void): void {
    let nearest = 0
    for (let i = 1; i < verdicts.length; i++)
      if (verdicts[i]!.remaining < verdicts[nearest]!.remaining) nearest = i
    const { remaining, resetMs } = verdicts[nearest]!
    add('X-RateLimit-Limit', String(this.#rules[nearest]!.limit))
    add('X-RateLimit-Remaining', String(remaining))
    add('X-RateLimit-Reset', String(seconds(resetMs)))
  }
}

/** Section 3 of the draft. A window is whole seconds there; what is not cannot be said. */
function policyOf({ name, limit, perMs }: RateRule): string {
  const window = perMs % 1_000 === 0 ? `;w=${perMs / 1_000}` : ''
  return `"${name}";q=${limit}${window}`
}

export function seconds(ms: number): number {
  return Math.ceil(ms / 1_000)
}
