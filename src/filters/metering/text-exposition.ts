import type { OpenMetricsContentType, Registry } from 'prom-client'
import type { Clock } from '../../core/clock.ts'
import type { Exposed, Exposition } from '../../core/proxy-view.ts'
import { defaultLabels } from './default-labels.ts'
import type { Family } from './family.ts'
import { foreignMetrics } from './foreign-metrics.ts'
import { formatFor } from './format-for.ts'
import { CONTENT_TYPES, ENDS, linesOf, type TextFormat } from './text-format.ts'

/**
 * What is written without a turn of the event loop in between: about 30 series of histograms,
 * which have 17 lines each.
 */
const PIECE_LINES = 500

/** Where the figures are that are shown. */
export interface Shown {
  readonly families: readonly Family[]
  readonly clock: Clock
  /** Before each exposition. */
  sweep(): void
}

/** Writes families, and what else is in a registry, as Prometheus reads them. */
export class TextExposition implements Exposition {
  readonly #shown: () => Shown
  readonly #registry: Registry | Registry<OpenMetricsContentType>

  constructor(shown: () => Shown, registry: Registry | Registry<OpenMetricsContentType>) {
    this.#shown = shown
    this.#registry = registry
  }

  expose(accept: string | undefined): Exposed {
    const format = formatFor(accept)
    return { contentType: CONTENT_TYPES[format], pieces: this.#pieces(format) }
  }

  async *#pieces(format: TextFormat): AsyncGenerator<string> {
    const { clock } = this.#shown()
    let lines: string[] = []
    for await (const metric of this.#metrics(format))
      for (const line of metric) {
        lines.push(line)
        if (lines.length < PIECE_LINES) continue
        yield lines.join('')
        lines = []
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 0))
      }
    yield lines.join('') + ENDS[format]
  }

  /** Each as its lines, which are made when they are asked for. */
  async *#metrics(format: TextFormat): AsyncGenerator<Iterable<string>> {
    const shown = this.#shown()
    shown.sweep()
    const common = defaultLabels(this.#registry)
    for (const family of shown.families) yield linesOf(family, format, common)
    yield* foreignMetrics(this.#registry, format, common)
  }
}
