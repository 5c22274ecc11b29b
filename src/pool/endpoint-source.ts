import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { EndpointOptions } from './endpoint-spec.ts'

/** The proxy's time and chance, for sources that ask again and again: real when it serves, virtual in a simulation. */
export interface SourceSurroundings {
  readonly clock: Clock
  readonly random: Random
}

/**
 * Gives the endpoints of a pool while it runs: each value is the whole list, which replaces the one before.
 *
 * It is called when the proxy starts; `signal` aborts when the pool ends, and after a failure. One that throws is called
 * again, after a time that doubles from 1 s to 30 s. One that ends has no more to say: its last list stays.
 *
 * @example
 * async function* fromFile(signal: AbortSignal) {
 *   yield JSON.parse(await readFile('endpoints.json', 'utf8'))
 *   for await (const _ of watch('endpoints.json', { signal })) yield JSON.parse(await readFile('endpoints.json', 'utf8'))
 * }
 * pool(fromFile)
 */
export type EndpointSource = (
  signal: AbortSignal,
  surroundings: SourceSurroundings,
) => AsyncIterable<readonly (string | EndpointOptions)[]>
