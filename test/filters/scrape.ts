import { companionsOf } from '../../src/core/companion.ts'
import type { Metrics } from '../../src/filters/metrics.ts'

/** All that `metrics()` tells Prometheus, as text. */
export async function exposed(metrics: Metrics, accept?: string): Promise<string> {
  return (await piecesOf(metrics, accept)).join('')
}

export async function piecesOf(metrics: Metrics, accept?: string): Promise<string[]> {
  const [companion] = companionsOf([metrics])
  const pieces: string[] = []
  for await (const piece of companion!.exposition!.expose(accept).pieces) pieces.push(piece)
  return pieces
}

/** The value of each series, by its name and labels as they are written. */
export async function scrape(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const lines = (await exposed(metrics)).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

/** Of the series of some metrics, those that are not 0, as lines. */
export async function counted(metrics: Metrics, ...names: string[]): Promise<string[]> {
  const all = await scrape(metrics)
  return [...all]
    .filter(([series, value]) => value !== 0 && names.includes(series.replace(/\{.*/s, '')))
    .map(([series, value]) => `${series} ${value}`)
}
