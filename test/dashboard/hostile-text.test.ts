import { describe, expect, it } from 'vitest'
import { eventually, noChromium, withChromium } from './chromium.ts'
import { endpointSample, NOW, poolSample, routeSample, snapshotSample } from './sample-snapshot.ts'
import { StandIn } from './stand-in.ts'

const ATTACK = `"><img src=x onerror="document.title='had'"><script>document.title='had'</script>\u202e'`

describe.skipIf(noChromium)('dashboard, of hostile text', () => {
  const open = withChromium()

  it('shows all of it, and does nothing of it', async () => {
    await using standIn = await new StandIn().start()
    const name = `${ATTACK}name`
    standIn.snapshot = snapshotSample({
      proxy: {
        ...snapshotSample().proxy,
        configuration: { files: [name], loadedAt: NOW, reloads: 0, failure: { at: NOW, message: name } },
      },
      listeners: [
        {
          url: name,
          connections: 1,
          accepted: 1,
          refusals: { [name]: 1 },
          certificatesEndAt: undefined,
        },
      ],
      pools: [
        poolSample(name, [
          endpointSample(name, {
            url: name,
            zone: name,
            state: 'ejected',
            ejected: { untilMs: NOW, reason: name },
          }),
        ]),
      ],
      routes: [
        routeSample(name, { filters: [name], target: { kind: 'pool', name }, pools: [name] }),
        routeSample(name),
      ],
      filters: [
        {
          id: name,
          name,
          at: name,
          state: {
            kind: 'cache',
            entries: 0,
            bytes: 0,
            results: { [name]: 1 },
            collapsed: 0,
            stored: 0,
            notStored: {},
            answers: {},
          },
        },
      ],
      traffic: { ...snapshotSample().traffic, reasons: { [name]: 4, __proto__: 5 } },
      failures: [
        {
          at: NOW,
          id: name,
          method: name,
          path: `/${name}${'x'.repeat(4_000)}`,
          route: name,
          endpoint: name,
          status: 502,
          reason: name,
          durationMs: 1,
        },
      ],
    })
    await using watched = await open(standIn.url, { viewport: { width: 390, height: 844 } })
    const { page, errors } = watched
    await page.getByRole('heading', { name }).first().waitFor()
    standIn.verdict = () => ({ status: 400, detail: ATTACK })
    await page.getByRole('button', { name: /^Drain/ }).click()
    await page.getByText('Not done:').waitFor()
    await page.getByRole('button', { name: 'Start' }).click()
    await eventually(() => standIn.tapIsOpen).toBe(true)
    standIn.tapped({
      at: NOW,
      id: name,
      method: name,
      host: name,
      path: name,
      client: name,
      route: name,
      pool: name,
      endpoint: name,
      attempts: 1,
      status: 200,
      result: 'failed',
      reason: name,
      cache: name,
      durationMs: 1,
      bytesSent: 1,
      bytesReceived: 1,
    })
    await page.locator('#tap-rows tr').waitFor()
    expect(await page.locator('img, main script').count()).toBe(0)
    expect(await page.title()).toBe('Gatewright')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(await page.locator('#route-rows tr').count()).toBe(2)
    expect(errors.filter((text) => !text.includes('status of 400'))).toEqual([])
  })
})
