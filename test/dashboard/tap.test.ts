import { describe, expect, it } from 'vitest'
import type { TappedExchange } from '../../src/admin/api.ts'
import { eventually, noChromium, withChromium } from './chromium.ts'
import { NOW } from './sample-snapshot.ts'
import { StandIn } from './stand-in.ts'

function tapped(path: string): TappedExchange {
  return {
    at: NOW,
    id: 'e1',
    method: 'GET',
    host: 'example.com',
    path,
    client: '192.0.2.7',
    route: '/api/*',
    pool: 'users',
    endpoint: 'u1',
    attempts: 2,
    status: 502,
    result: 'failed',
    reason: 'upstream_reset',
    cache: undefined,
    durationMs: 41.2,
    bytesSent: 2_048,
    bytesReceived: 0,
  }
}

describe.skipIf(noChromium)('dashboard, its tap', () => {
  const open = withChromium()

  it('shows exchanges as they come, the latest first, until it is stopped', async () => {
    await using standIn = await new StandIn().start()
    standIn.token = 'secret'
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByLabel('Token', { exact: true }).fill('secret')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Where').fill('status >= 500')
    await page.getByRole('button', { name: 'Start' }).click()
    await eventually(() => standIn.tapIsOpen).toBe(true)
    expect(standIn.taps).toEqual(['status >= 500'])
    standIn.tapped(tapped('/first'))
    standIn.tapped(tapped('/second/é'))
    standIn.dropped(30)
    standIn.dropped(12)
    const rows = page.locator('#tap-rows tr')
    await eventually(() => rows.count()).toBe(2)
    const [latest, first] = await rows.allInnerTexts()
    expect(first).toContain('/first')
    for (const text of ['502', 'GET', '/second/é', 'upstream_reset', 'u1', '41 ms', '2 KiB', '192.0.2.7'])
      expect(latest).toContain(text)

    await page.getByText('42 more were left out').waitFor()

    await page.getByRole('button', { name: 'Stop' }).click()
    await eventually(() => standIn.tapIsOpen).toBe(false)
    await page.getByText('stopped').waitFor()
  })

  it('looks for something else at Enter while it runs, and stops at Enter without a change', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    const where = page.getByLabel('Where')
    await where.fill('status >= 500')
    await where.press('Enter')
    await eventually(() => standIn.tapIsOpen).toBe(true)
    await where.fill('status == 404')
    await where.press('Enter')
    await eventually(() => standIn.taps).toEqual(['status >= 500', 'status == 404'])
    await page.getByText('running').waitFor()
    await where.press('Enter')
    await page.getByText('stopped').waitFor()
    expect(standIn.taps).toHaveLength(2)
  })

  it('keeps 200 of them', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('button', { name: 'Start' }).click()
    await eventually(() => standIn.tapIsOpen).toBe(true)
    const rows = page.locator('#tap-rows tr')
    for (const [from, to] of [
      [0, 150],
      [150, 300],
      [300, 750],
    ] as const) {
      for (let n = from; n < to; n++) standIn.tapped(tapped(`/${n}`))
      await page.getByText(`/${to - 1}`, { exact: true }).waitFor()
      expect(await rows.count()).toBe(Math.min(to, 200))
    }
    await page.getByRole('button', { name: 'Clear' }).click()
    expect(await rows.count()).toBe(0)
  })

  it('says what is wrong with an expression', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByLabel('Where').fill('wrong')
    await page.getByLabel('Where').press('Enter')
    await page.getByText('at character 6: expected a comparison').waitFor()
    expect(await page.getByRole('button', { name: 'Start' }).isVisible()).toBe(true)
  })
})
