import type { ChaosOptions } from './run.ts'

/**
 * The short world of a seed: some tens of exchanges, and in one of five the proxy is closed or drained under way. Many
 * short worlds find more than a long one, since windows, pace and order are chosen once for each.
 */
export function shortWorld(seed: number): ChaosOptions {
  const exchanges = 30 + (seed % 11)
  const at = ((seed * 7) % 100) / 100
  if (seed % 10 === 3) return { seed, exchanges, cut: { how: 'close', at } }
  if (seed % 10 === 7) return { seed, exchanges, cut: { how: 'drain', at } }
  return { seed, exchanges }
}

/** What to type to see exactly this world again. */
export function replayCommand({ seed, exchanges, cut }: ChaosOptions): string {
  const ended = cut === undefined ? '' : ` CHAOS_CUT=${cut.how}:${cut.at}`
  return `CHAOS_SEED=${seed} CHAOS_EXCHANGES=${exchanges}${ended} npx vitest run test/chaos.test.ts`
}

/** The world that such a command names; without `CHAOS_EXCHANGES`, the short one of the seed. */
export function replayedWorld(environment: NodeJS.ProcessEnv): ChaosOptions | undefined {
  const { CHAOS_SEED, CHAOS_EXCHANGES, CHAOS_CUT } = environment
  if (CHAOS_SEED === undefined) return undefined
  const seed = Number(CHAOS_SEED)
  if (CHAOS_EXCHANGES === undefined) return shortWorld(seed)
  const exchanges = Number(CHAOS_EXCHANGES)
  if (CHAOS_CUT === undefined) return { seed, exchanges }
  const [how, at] = CHAOS_CUT.split(':')
  return { seed, exchanges, cut: { how: how === 'drain' ? 'drain' : 'close', at: Number(at) } }
}
