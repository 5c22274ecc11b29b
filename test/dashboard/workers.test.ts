import { describe, it } from 'vitest'
import { noChromium, withChromium } from './chromium.ts'
import { endpointSample, NOW, poolSample, snapshotSample } from './sample-snapshot.ts'
import { StandIn } from './stand-in.ts'

describe.skipIf(noChromium)('dashboard, with several workers', () => {
  const open = withChromium()

  it('shows the processes, the one that does not answer too, and where they differ', async () => {
    await using standIn = await new StandIn().start()
    const shown = snapshotSample({
      pools: [
        poolSample('users', [endpointSample('u1', { state: 'drained', states: { drained: 1, serving: 1 } })]),
      ],
    })
    const worker = { phase: 'serving', startedAt: NOW - 60_000, answers: true, connections: 7 } as const
    standIn.snapshot = shown
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('row', { name: /u1/ }).first().waitFor()
    await page.locator('#workers').waitFor({ state: 'hidden' })
    standIn.snapshot = {
      ...shown,
      proxy: {
        ...shown.proxy,
        workers: [
          { ...worker, number: 1, pid: 4_711, restarts: 2, residentBytes: 1_048_576 },
          {
            ...worker,
            number: 2,
            pid: 4_712,
            restarts: 0,
            answers: false,
            connections: undefined,
            residentBytes: undefined,
          },
        ],
      },
    }
    const row = (pid: string) => page.locator('#worker-rows tr').filter({ hasText: pid })
    await row('4711').getByText('serving').waitFor()
    await row('4712').getByText('does not answer').waitFor()
    await page.getByText('workers differ: drained 1, serving 1').waitFor()
  })
})
