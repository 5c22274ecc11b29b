import type { Exchange } from '../../core/exchange.ts'
import { HeaderList } from '../../core/headers.ts'
import { RequestMessage } from '../../core/message.ts'
import type { CallTarget } from '../../core/target.ts'
import type { JwtAlgorithm } from './algorithm.ts'
import type { KeyAnswer, KeySource } from './key-source.ts'
import { publishedKey, type VerificationKey } from './verification-key.ts'

export interface PublishedKeysSettings {
  readonly target: CallTarget
  readonly path: string
  readonly algorithms: ReadonlySet<JwtAlgorithm>
  readonly refreshMs: number
  readonly coolDownMs: number
  readonly maxStaleMs: number
  readonly timeoutMs: number
  /** Told of each time that keys could not be had. */
  readonly onFailure: (error: unknown) => void
  /** A key was withdrawn or replaced: what it has verified does not hold any more. */
  readonly onWithdrawn: () => void
}

const MAX_SET_BYTES = 262_144
const MAX_KEYS = 100
/** Where there are no keys yet, the next try is so soon, and each one after that half as soon again. */
const FIRST_RETRY_MS = 1_000

/** What a key server said that is no set of keys. */
class KeySetError extends Error {
  override readonly name = 'KeySetError'
}

/**
 * The keys of a JWK set that a service publishes (RFC 7517 section 5).
 *
 * They are fetched when the first token comes, and again past `refreshMs`, beside the requests that come meanwhile. One fetch
 * runs at a time. What a fetch brings takes the place of the old keys as a whole, or, where it brings no keys, not at all.
 */
export class PublishedKeys implements KeySource {
  readonly #settings: PublishedKeysSettings
  #keys: readonly VerificationKey[] | undefined
  /** Each key's own text, by which it is known again. */
  #texts: ReadonlyMap<string, VerificationKey> = new Map()
  #fetchedAt = 0
  #dueAt = Number.NEGATIVE_INFINITY
  /** When an unknown key was last asked for. */
  #soughtAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #failure: unknown
  #fetching: Promise<void> | undefined

  constructor(settings: PublishedKeysSettings) {
    this.#settings = settings
  }

  holds(exchange: Exchange, now: number): boolean {
    if (now < this.#dueAt && now >= this.#fetchedAt) return true
    this.#fetchIfDue(exchange, now)
    return this.#usable(now)
  }

  current(exchange: Exchange, now: number): Promise<KeyAnswer> | KeyAnswer {
    this.#fetchIfDue(exchange, now)
    if (this.#usable(now)) return this.#answer(now)
    if (this.#fetching === undefined) return this.#answer(now)
    return this.#fetching.then(() => this.#answer(exchange.clock.wallTime()))
  }

  async newer(exchange: Exchange): Promise<KeyAnswer> {
    while (this.#fetching !== undefined) {
      const known = this.#keys
      await this.#fetching
      // It may have begun before the key was there: who does not find it in these keys asks again.
      if (this.#keys !== known) return this.#answer(exchange.clock.wallTime())
    }
    const now = exchange.clock.wallTime()
    const sinceMs = now - this.#soughtAt
    if (sinceMs >= 0 && sinceMs < this.#settings.coolDownMs) {
      // While the server does not answer, nobody can say that there is no such key.
      return this.#failures > 0 ? { kind: 'unavailable', cause: this.#failure } : { kind: 'too-soon' }
    }
    this.#soughtAt = now
    await this.#fetch(exchange)
    return this.#failures > 0
      ? { kind: 'unavailable', cause: this.#failure }
      : this.#answer(exchange.clock.wallTime())
  }

  #answer(now: number): KeyAnswer {
    if (
      this.#keys !== undefined &&
      now < this.#fetchedAt + this.#settings.refreshMs + this.#settings.maxStaleMs
    )
      return { kind: 'keys', keys: this.#keys }
    return { kind: 'unavailable', cause: this.#failure }
  }

  /** Whether there are keys that need not be waited for. Ones that are far too old are used where there are no others. */
  #usable(now: number): boolean {
    if (this.#keys === undefined) return false
    const { refreshMs, maxStaleMs } = this.#settings
    const ageMs = now - this.#fetchedAt
    return ageMs < 2 * refreshMs || (this.#failures > 0 && ageMs < refreshMs + maxStaleMs)
  }

  #fetchIfDue(exchange: Exchange, now: number): void {
    // Time that goes back is time that nobody knows how much of it has gone by.
    if (this.#fetching === undefined && (now >= this.#dueAt || now < this.#fetchedAt))
      void this.#fetch(exchange)
  }

  /** Where none is under way. */
  #fetch(exchange: Exchange): Promise<void> {
    this.#fetching = this.#fetched(exchange).finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetched(exchange: Exchange): Promise<void> {
    try {
      this.#take(keySetOf(await this.#ask(exchange)), exchange.clock.wallTime())
    } catch (error) {
      this.#failed(error, exchange.clock.wallTime())
    }
  }

  async #ask(exchange: Exchange): Promise<string> {
    const { target, path, timeoutMs } = this.#settings
    const headers = HeaderList.from({ Accept: 'application/jwk-set+json, application/json' })
    const request = new RequestMessage({ target: path, headers })
    const { status, body } = await exchange.call(target, request, {
      timeoutMs,
      detached: true,
      onBehalf: false,
    })
    // A redirect too: where keys come from is not for others to say.
    if (status !== 200) {
      body.discard()
      throw new KeySetError(`the key server answered ${status}`)
    }
    return await body.text({ maxBytes: MAX_SET_BYTES })
  }

  #take(jwks: readonly unknown[], now: number): void {
    const { algorithms, refreshMs, onWithdrawn } = this.#settings
    const texts = new Map<string, VerificationKey>()
    for (const jwk of jwks) {
      const text = JSON.stringify(jwk)
      const key = this.#texts.get(text) ?? publishedKey(jwk, algorithms)
      // Keys for something else, or of a kind that is not known here yet, are no mistake.
      if (typeof key !== 'string') texts.set(text, key)
    }
    if (texts.size === 0) throw new KeySetError('the key server has no key that can be used')
    const isWithdrawn = [...this.#texts.keys()].some((it) => !texts.has(it))
    this.#texts = texts
    this.#keys = [...texts.values()]
    this.#fetchedAt = now
    this.#dueAt = now + refreshMs
    this.#failures = 0
    this.#failure = undefined
    if (isWithdrawn) onWithdrawn()
  }

  #failed(error: unknown, now: number): void {
    const { coolDownMs, onFailure } = this.#settings
    const backOffMs = FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 20)
    this.#failures++
    // Where the clock was put back, once is enough to have noticed.
    this.#fetchedAt = Math.min(this.#fetchedAt, now)
    this.#failure = error
    this.#dueAt = now + (this.#keys === undefined ? Math.min(backOffMs, coolDownMs) : coolDownMs)
    onFailure(error)
  }
}

function keySetOf(text: string): readonly unknown[] {
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    throw new KeySetError('the key server answered what is no JSON')
  }
  const keys = typeof set === 'object' && set !== null ? (set as { keys?: unknown }).keys : undefined
  if (!Array.isArray(keys)) throw new KeySetError('the key server answered what is no JWK set')
  if (keys.length > MAX_KEYS) throw new KeySetError(`the key server has more than ${MAX_KEYS} keys`)
  return keys
}
