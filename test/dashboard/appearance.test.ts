import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { noChromium, withChromium } from './chromium.ts'
import { StandIn } from './stand-in.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe has against the page: each rule, and where it is broken. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const results = await page.evaluate<AxeResults>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] })",
  )
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

describe.skipIf(noChromium)('dashboard', { timeout: 90_000 }, () => {
  const open = withChromium()

  describe.each([1280, 390])('%i pixels wide', (width) => {
    it.each(['light', 'dark'] as const)('can be read by everyone (%s)', async (colorScheme) => {
      await using standIn = await new StandIn().start()
      await using watched = await open(standIn.url, { viewport: { width, height: 844 }, colorScheme })
      const { page, errors } = watched
      await page.getByRole('rowheader', { name: 'u3' }).waitFor()
      await page.getByText('What can be asked for').click()
      await page.getByText('Last choices').first().click()
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      expect(errors).toEqual([])
    })
  })

  it('can be read by everyone when it is disconnected, and when it wants a token', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url, { viewport: { width: 390, height: 844 } })
    const { page } = watched
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    standIn.broken = true
    await page.getByText(/^Disconnected since/).waitFor()
    expect(await violations(page)).toEqual([])
    standIn.token = 'secret'
    await page.getByLabel('Token', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('can be read by everyone when it is read only', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = { ...standIn.snapshot, proxy: { ...standIn.snapshot.proxy, readOnly: true } }
    await using watched = await open(standIn.url, { viewport: { width: 390, height: 844 } })
    await watched.page.getByText('Read only').waitFor()
    expect(await violations(watched.page)).toEqual([])
  })

  it('is never wider than its window, and scrolls no table that has room', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    for (const width of [320, 600, 720, 721, 1000, 1180, 1280, 1920]) {
      await page.setViewportSize({ width, height: 800 })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      const scrolls = await page.evaluate<number>(
        '[...document.querySelectorAll(".scroller")].filter((it) => it.scrollWidth > it.clientWidth).length',
      )
      if (width <= 720 || width >= 1280) expect(scrolls).toBe(0)
    }
  })

  it('says each state in a word, beside its shape', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const row = watched.page.getByRole('row', { name: /u3/ })
    await row.waitFor()
    expect(await row.innerText()).toContain('ejected')
    expect(await row.innerText()).toContain('5 errors in a row, 27 s left')
  })

  it('can be gone through with the Tab key, from the link to the content on', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    const stops: string[] = []
    for (let n = 0; n < 20; n++) {
      await page.keyboard.press('Tab')
      stops.push(
        await page.evaluate<string>(
          '((at) => at.getAttribute("aria-label") ?? (at.textContent.trim() || at.id))(document.activeElement)',
        ),
      )
    }
    expect(stops.slice(0, 8)).toEqual([
      'Skip to content',
      'Traffic',
      'Map',
      'Pools',
      'Routes',
      'Failures',
      'Filters',
      'Tap',
    ])
    expect(stops).toContain('pool-filter')
    expect(stops).toContain('Weight of u1: 1. Change')
    expect(stops).toContain('Drain u1 of users')
  })
})
