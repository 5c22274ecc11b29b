import type { ConfigurationFailure } from 'gatewright/admin'
import { describe, expect, it } from 'vitest'
import { eventually, noChromium, withChromium } from './chromium.ts'
import {
  endpointSample,
  largeSnapshot,
  NOW,
  poolSample,
  routeSample,
  snapshotSample,
} from './sample-snapshot.ts'
import { StandIn } from './stand-in.ts'

/** Counts in `changes` what is done to rows of pools and of routes. */
const COUNT_CHANGES = `
  changes = 0
  const observer = new MutationObserver((records) => { changes += records.length })
  for (const id of ['pool-list', 'route-rows'])
    observer.observe(document.getElementById(id), {
      subtree: true, childList: true, characterData: true, attributes: true,
    })
`

describe.skipIf(noChromium)('dashboard, while it is refreshed', () => {
  const open = withChromium()

  it('shows an ejection with the second snapshot at the latest, and tells of it', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = snapshotSample({ pools: [poolSample('users', [endpointSample('u1')])] })
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('row', { name: /u1/ }).getByText('serving').waitFor()
    standIn.snapshot = snapshotSample({
      pools: [
        poolSample('users', [
          endpointSample('u1', {
            state: 'ejected',
            ejected: { untilMs: NOW + 30_000, reason: '5 errors in a row' },
          }),
        ]),
      ],
    })
    const before = standIn.snapshots
    await page.getByRole('row', { name: /u1/ }).getByText('ejected', { exact: true }).waitFor()
    expect(standIn.snapshots - before).toBeLessThanOrEqual(2)
    await page.getByRole('log').getByText('users: u1 is ejected: 5 errors in a row').waitFor()
  })

  it('shows that the configuration is not served as it is, until it is mended', async () => {
    await using standIn = await new StandIn().start()
    const { proxy } = snapshotSample()
    const of = (failure: ConfigurationFailure | undefined) =>
      snapshotSample({
        proxy: {
          ...proxy,
          configuration: { files: ['/etc/gateway.yaml'], loadedAt: NOW - 90_000, reloads: 0, failure },
        },
      })
    const lines = Array.from({ length: 15 }, (_, i) => `gateway.yaml:${i + 1}:3: is wrong`)
    standIn.snapshot = of({ at: NOW - 60_000, message: lines.join('\n') })
    await using watched = await open(standIn.url)
    const banner = watched.page.getByRole('region', { name: 'The configuration is not served as it is now' })
    await banner.waitFor()
    expect(await banner.innerText()).toContain('for 1 min 0 s; what was served before goes on')
    expect(await banner.locator('pre').innerText()).toBe([...lines.slice(0, 12), 'and 3 more'].join('\n'))
    standIn.snapshot = of(undefined)
    await banner.waitFor({ state: 'hidden' })
  })

  it('leaves alone what has not changed', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = largeSnapshot(500, 300)
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('button', { name: 'Show all 500' }).click()
    await page.getByRole('row', { name: /10\.0\.1\.243/ }).waitFor()
    await page.evaluate(COUNT_CHANGES)
    const [pool] = standIn.snapshot.pools
    const endpoints = pool!.endpoints.map((endpoint, index) =>
      index === 3 ? { ...endpoint, successes: 99_999 } : endpoint,
    )
    standIn.snapshot = { ...standIn.snapshot, pools: [poolSample('users', endpoints)] }
    await page.getByText('99,999').waitFor()
    expect(await page.evaluate('changes')).toBe(1)
  })

  it('of a large pool shows what does not serve, and the rest when it is asked for', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = largeSnapshot(500, 300)
    await using watched = await open(standIn.url)
    const { page } = watched
    const rows = page.locator('.endpoints tbody tr')
    await page.getByText('499 endpoints not shown.').waitFor()
    expect(await rows.count()).toBe(1)
    expect(await rows.first().innerText()).toContain('unhealthy')
    await page.getByLabel('Find').first().fill('10.0.1.24')
    await page.getByText('495 endpoints left out by the search.').waitFor()
    expect(await rows.count()).toBe(5)
  })

  it('of a large pool keeps the row that has the focus, also when it serves again', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = largeSnapshot(500, 1)
    await using watched = await open(standIn.url)
    const { page } = watched
    const button = page.getByRole('button', { name: 'Drain 10.0.0.7 of users' })
    await button.focus()
    const [pool] = standIn.snapshot.pools
    const endpoints = pool!.endpoints.map((endpoint) => ({ ...endpoint, state: 'serving' as const }))
    standIn.snapshot = { ...standIn.snapshot, pools: [poolSample('users', endpoints)] }
    await page
      .getByRole('row', { name: /10\.0\.0\.7/ })
      .getByText('serving')
      .waitFor()
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Drain 10.0.0.7 of users')
    await page.getByLabel('Find').first().focus()
    await button.waitFor({ state: 'detached' })
  })

  it('keeps the focus where it is when rows change their places', async () => {
    await using standIn = await new StandIn().start()
    const three = (...ids: string[]) =>
      snapshotSample({
        pools: [
          poolSample(
            'users',
            ids.map((id) => endpointSample(id)),
          ),
        ],
      })
    standIn.snapshot = three('a', 'b', 'c')
    await using watched = await open(standIn.url)
    const { page } = watched
    const button = page.getByRole('button', { name: 'Drain b of users' })
    await button.focus()
    const order = () => page.locator('.endpoints tbody th').allInnerTexts()
    for (const ids of [
      ['c', 'b', 'a'],
      ['d', 'c', 'b'],
      ['b', 'd', 'c'],
      ['e', 'd', 'a', 'b'],
    ]) {
      standIn.snapshot = three(...ids)
      await eventually(async () => (await order()).map((text) => text.charAt(0))).toEqual(ids)
      expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Drain b of users')
    }
  })

  it('says what a pool chose last, and from what, when that is unfolded', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    const users = page.getByRole('region', { name: 'users' })
    await users.getByText('Last choices').click()
    await eventually(() => users.locator('.decisions li').count()).toBe(2)
    const text = await users.locator('.decisions li').first().innerText()
    expect(text).toContain('u1 first, of 3')
    expect(text).toContain('u2 0.82, u1 1.24, u4 1.24')
    expect(text).toContain('Left out: u3 ejected (5 errors in a row)')
  })

  it('sorts routes by a column, both ways, and back to how they are tried', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = snapshotSample({
      routes: [
        routeSample('/b', { matches: 5, latency: undefined }),
        routeSample('/c', { matches: 50 }),
        routeSample('/a', { matches: 500 }),
      ],
    })
    await using watched = await open(standIn.url)
    const { page } = watched
    const order = async () =>
      (await page.locator('#route-rows th').allInnerTexts()).map((text) => text.slice(0, 2))
    await page.locator('#route-rows tr').first().waitFor()
    const heading = page.getByRole('columnheader', { name: 'Matches' })
    for (const [sort, expected] of [
      ['descending', ['/a', '/c', '/b']],
      ['ascending', ['/b', '/c', '/a']],
      [null, ['/b', '/c', '/a']],
    ] as const) {
      await heading.getByRole('button').press('Enter')
      expect(await heading.getAttribute('aria-sort')).toBe(sort)
      expect(await order()).toEqual(expected)
    }
    await page.getByRole('columnheader', { name: 'p99' }).getByRole('button').click()
    expect((await order()).at(-1)).toBe('/b')
  })

  it('says since when it is disconnected, asks less and less often, and goes on', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    standIn.broken = true
    await page.getByText(/^Disconnected since \d\d:\d\d:\d\d\./).waitFor()
    await page.getByText(/503.*What is shown is as it was then/).waitFor()
    await page.getByText('Next try in 4 s.').waitFor()
    standIn.broken = false
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText(/^Disconnected since/).waitFor({ state: 'hidden' })
    await page.getByRole('log').getByText('Connected again').waitFor()
  })

  it('asks for nothing while nobody can see it', async () => {
    await using standIn = await new StandIn().start()
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    await page.clock.install()
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
         document.dispatchEvent(new Event('visibilitychange'))`,
      )
    await page.reload()
    await page.getByRole('rowheader', { name: 'u3' }).waitFor()
    await hide(true)
    await page.clock.runFor(2_000)
    const before = standIn.snapshots
    await page.clock.runFor(60_000)
    expect(standIn.snapshots).toBe(before)
    await hide(false)
    await eventually(() => standIn.snapshots).toBe(before + 1)
  })
})
