import type { HeaderList } from '../core/headers.ts'
import type { Fill, Filled, Fills } from './fill.ts'
import type { Filling, Send } from './filling.ts'
import type { AskedFor, Invalidating } from './invalidating.ts'
import type { Levels } from './levels.ts'
import type { Lookup } from './lookup.ts'
import type { Stored } from './stored.ts'
import { unpurged } from './unpurged.ts'
import type { Verdicts } from './verdicts.ts'

interface Asks {
  readonly levels: Levels
  readonly fills: Fills
  readonly filling: Filling
  readonly invalidating: Invalidating
  readonly verdicts: Verdicts
}

/** Begins the questions to the second level and to the service. */
export class Questions {
  readonly #levels: Levels
  readonly #fills: Fills
  readonly #filling: Filling
  readonly #invalidating: Invalidating
  readonly #verdicts: Verdicts

  constructor({ levels, fills, filling, invalidating, verdicts }: Asks) {
    this.#levels = levels
    this.#fills = fills
    this.#filling = filling
    this.#invalidating = invalidating
    this.#verdicts = verdicts
  }

  /** What the second level has for it, where that is newer than what is in memory. */
  async newest(
    { key, method, headers, exchange }: Lookup,
    held: Stored | undefined,
  ): Promise<Stored | undefined> {
    const found = await this.#levels.found(key, headers, exchange.clock, method !== 'HEAD')
    // It may have been purged meanwhile.
    const still = held && unpurged(this.#levels.purges, key, held) && held
    return found === undefined || (still !== undefined && still.head.date >= found.head.date) ? still : found
  }

  /** One that others may join, where it has an id: it goes on without whoever has begun it. */
  begin(id: string | undefined, lookup: Lookup, held: Stored | undefined): Fill {
    const { exchange, next, key } = lookup
    // Whoever waits for it, or has its answer already, may go on with the exchange as with something else.
    const asked = this.#invalidating.askedFor(exchange)
    const original = exchange.request.copy()
    original.method = lookup.method
    const own: Lookup = { ...lookup, headers: lookup.headers.clone() }
    const send: Send = (headers) => {
      const request = original.copy()
      replaceAll(request.headers, headers)
      const options = { detached: true, timeoutMs: Number.POSITIVE_INFINITY, informs: true }
      return exchange.call(next, request, options)
    }
    return this.#fills.begin(id, key, async (fill) => {
      const stored = await this.newest(own, held)
      fill.sequence = this.#levels.purges.sequence
      if (stored !== undefined && stored !== held) {
        const verdict = this.#verdicts.reuse(stored, own)
        if (verdict.use === 'answer') return this.#filling.promoted(own, stored, verdict, fill)
        fill.reason = verdict.reason
      }
      return this.#asked(asked, own, stored, send, fill)
    })
  }

  /** One for a request by itself, as it came. */
  alone(lookup: Lookup, stored: Stored | undefined): Fill {
    const { exchange, next, key } = lookup
    const asked = this.#invalidating.askedFor(exchange)
    const send: Send = (headers) => {
      replaceAll(exchange.request.headers, headers)
      return next(exchange)
    }
    return this.#fills.begin(undefined, key, (fill) => this.#asked(asked, lookup, stored, send, fill))
  }

  async #asked(
    asked: AskedFor,
    lookup: Lookup,
    stored: Stored | undefined,
    send: Send,
    fill: Fill,
  ): Promise<Filled> {
    const filled = await this.#filling.ask(lookup, stored, send, fill)
    if (filled.kind === 'own')
      this.#invalidating.answered(asked, filled.response, lookup.exchange.clock, false)
    if (filled.kind === 'shared') this.#invalidating.answered(asked, filled.head, lookup.exchange.clock, true)
    return filled
  }
}

function replaceAll(headers: HeaderList, by: HeaderList): void {
  const fields = [...by]
  for (const [name] of [...headers]) headers.delete(name)
  for (const [name, value] of fields) headers.append(name, value)
}
