import { describe, expect, it } from 'vitest'
import type { AdminSnapshot, EndpointStatus } from '../../src/admin/api.ts'
import { noChromium, withChromium } from './chromium.ts'
import { endpointSample, poolSample, snapshotSample } from './sample-snapshot.ts'
import { StandIn } from './stand-in.ts'

function withEndpoint(endpoint: EndpointStatus): AdminSnapshot {
  return snapshotSample({ pools: [poolSample('users', [endpoint, endpointSample('u2')])] })
}

describe.skipIf(noChromium)('dashboard, its buttons', () => {
  const open = withChromium()

  it('drain an endpoint, and take it back, without losing the focus', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = withEndpoint(endpointSample('u1'))
    standIn.verdict = (command) => {
      const draining = command.endsWith('/drain')
      standIn.snapshot = withEndpoint(
        endpointSample('u1', draining ? { state: 'draining', draining, inFlight: 3 } : {}),
      )
      return undefined
    }
    await using watched = await open(standIn.url)
    const { page } = watched
    const row = page.getByRole('row', { name: /u1/ })
    await page.getByRole('button', { name: 'Drain u1 of users' }).press('Enter')
    await row.getByText('draining').waitFor()
    expect(await row.innerText()).toContain('3 to finish')
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Enable u1 of users')

    await page.keyboard.press('Enter')
    await row.getByText('serving').waitFor()
    expect(standIn.commands).toEqual([
      { path: '/api/endpoints/drain', body: { pool: 'users', endpoint: 'u1' } },
      { path: '/api/endpoints/readmit', body: { pool: 'users', endpoint: 'u1' } },
    ])
  })

  it('say beside themselves what went wrong', async () => {
    await using standIn = await new StandIn().start()
    standIn.verdict = () => ({ status: 409, detail: 'its pool has no other endpoint' })
    await using watched = await open(standIn.url)
    const row = watched.page.getByRole('row', { name: /cdn-1/ })
    await row.getByRole('button', { name: /^Drain/ }).click()
    await row.getByRole('alert').getByText('Not done: its pool has no other endpoint').waitFor()
  })

  it('are not there where nothing can be steered', async () => {
    await using standIn = await new StandIn().start()
    const endpoint = endpointSample('u1', { weight: 0.5, fullWeight: 2 })
    const { proxy } = snapshotSample()
    const readOnly = (is: boolean) => ({ ...withEndpoint(endpoint), proxy: { ...proxy, readOnly: is } })
    standIn.snapshot = readOnly(false)
    await using watched = await open(standIn.url)
    const { page } = watched
    const row = page.getByRole('row', { name: /u1/ })
    await row.getByRole('button', { name: /^Weight/ }).click()
    expect(await page.getByText('Read only').isVisible()).toBe(false)

    standIn.snapshot = readOnly(true)
    await page.getByText('Read only').waitFor()
    expect(await row.getByRole('button').count()).toBe(0)
    expect(await row.getByRole('spinbutton').count()).toBe(0)
    expect(await row.getByText('0.5 of 2').isVisible()).toBe(true)
    expect(await page.getByRole('columnheader', { name: 'Action' }).count()).toBe(0)

    standIn.snapshot = readOnly(false)
    await row.getByRole('button', { name: /^Weight/ }).waitFor()
    expect(await row.getByRole('button').count()).toBe(2)
  })

  it('change a weight in its place', async () => {
    await using standIn = await new StandIn().start()
    standIn.snapshot = withEndpoint(endpointSample('u1'))
    standIn.verdict = () => {
      standIn.snapshot = withEndpoint(endpointSample('u1', { weight: 2.5, fullWeight: 2.5 }))
      return undefined
    }
    await using watched = await open(standIn.url)
    const { page } = watched
    await page.getByRole('button', { name: /^Weight of u1/ }).click()
    const input = page.getByLabel('New weight of u1')
    await input.press('Escape')
    await input.waitFor({ state: 'hidden' })
    expect(standIn.commands).toEqual([])

    await page.getByRole('button', { name: /^Weight of u1/ }).press('Enter')
    await input.fill('2.5')
    await input.press('Enter')
    await page.getByRole('button', { name: 'Weight of u1: 2.5. Change' }).waitFor()
    expect(standIn.commands).toEqual([
      { path: '/api/endpoints/weight', body: { pool: 'users', endpoint: 'u1', weight: 2.5 } },
    ])
  })
})
