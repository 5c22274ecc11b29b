import { expect, test } from 'vitest'
import { type ChaosOptions, type ChaosReport, runChaos } from './chaos/run.ts'
import { replayCommand, replayedWorld, shortWorld } from './chaos/world.ts'

/** Seeds of one test: enough to see which part of them fails, few enough for a slow machine. */
const BLOCK = 50
/** Only bounds a test that hangs: a block takes about half a second. */
const LIMIT_MS = 120_000

// One world, to see a failure again. `CHAOS_SEEDS=20000` looks for new ones, from `CHAOS_FIRST` on.
const replayed = replayedWorld(process.env)
const first = Number(process.env.CHAOS_FIRST ?? 1)
const seeds = Number(process.env.CHAOS_SEEDS ?? 1_000)

if (replayed !== undefined) {
  test(`chaos, replayed: seed ${replayed.seed}`, () => expectPeace(replayed).then(() => {}), LIMIT_MS)
} else {
  for (let from = first; from < first + seeds; from += BLOCK) {
    const last = Math.min(from + BLOCK, first + seeds) - 1
    test(
      `chaos: some tens of exchanges end once and rightly, and leave nothing behind (seeds ${from} to ${last})`,
      async () => {
        const ends = new Set<string>()
        for (let seed = from; seed <= last; seed++)
          for (const end of Object.keys((await expectPeace(shortWorld(seed))).ends)) ends.add(end)
        // The dice are of use only if much goes well and much goes wrong.
        if (last - from + 1 === BLOCK) expect(ends.size).toBeGreaterThan(25)
      },
      LIMIT_MS,
    )
  }

  for (const seed of [1, 2, 3]) {
    test(
      `chaos: 2000 exchanges end once and rightly, and leave nothing behind (seed ${seed})`,
      async () => {
        const { exchanges, ends } = await expectPeace({ seed, exchanges: 3_400 })
        expect(exchanges).toBeGreaterThan(2_000)
        expect(Object.keys(ends).length).toBeGreaterThan(30)
      },
      LIMIT_MS,
    )

    test(
      `chaos: a proxy that is closed in the middle of much leaves nothing behind (seed ${seed})`,
      async () => {
        await expectPeace({ seed, exchanges: 400, cut: { how: 'close', at: 0.5 } })
        await expectPeace({ seed, exchanges: 400, cut: { how: 'drain', at: 0.5 } })
      },
      LIMIT_MS,
    )
  }

  test('chaos: a world runs the same way again, whatever ran before it', async () => {
    const alone = await runChaos(shortWorld(5))
    await runChaos(shortWorld(6))
    const again = await runChaos(shortWorld(5))
    expect(alone.history.length).toBeGreaterThan(10)
    expect(again.history).toEqual(alone.history)
    expect((await runChaos({ ...shortWorld(5), seed: 4 })).history).not.toEqual(alone.history)
  })

  test('chaos: the command that a failure names gives exactly its world', () => {
    for (const world of [shortWorld(1), shortWorld(3), shortWorld(7), { seed: 2, exchanges: 3_400 }]) {
      const variables = replayCommand(world)
        .split(' ')
        .map((it) => it.split('='))
        .filter((it) => it.length === 2)
      expect(replayedWorld(Object.fromEntries(variables))).toEqual(world)
    }
  })
}

async function expectPeace(options: ChaosOptions): Promise<ChaosReport> {
  const report = await runChaos(options)
  if (report.wrong.length > 0) {
    const shown = report.wrong.slice(0, 20).join('\n')
    expect.fail(
      `seed ${options.seed}: ${report.wrong.length} things are wrong; to see it again:\n${replayCommand(options)}\n${shown}`,
    )
  }
  return report
}
