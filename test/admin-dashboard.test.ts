import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { admin } from '../src/admin/index.ts'
import { pool, proxy } from '../src/index.ts'
import { eventually, noChromium, withChromium } from './dashboard/chromium.ts'

/** A service on a socket of its own. */
async function serve(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const TOKEN = 'a-token-for-the-test'

describe.skipIf(noChromium)('admin, its dashboard over live traffic', { timeout: 90_000 }, () => {
  const open = withChromium()
  const servers: Server[] = []
  const urls: string[] = []
  /** Requests that the slow service holds. */
  const held: (() => void)[] = []

  beforeAll(async () => {
    for (const listener of [
      // Slow: it answers when the test lets it.
      (_, response) => void held.push(() => response.end('late')),
      (_, response) => void response.writeHead(503).end('broken'),
    ] satisfies RequestListener[]) {
      const { server, url } = await serve(listener)
      servers.push(server)
      urls.push(url)
    }
  })
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('shows who is slow, who is ejected and why, and drains', async () => {
    const [slow, broken] = urls as [string, string]
    const watching = admin({ port: 0, token: TOKEN })
    await using running = await proxy()
      .listen({ port: 0, host: '127.0.0.1' })
      .attach(watching)
      .route('/slow', pool([{ url: slow, id: 'slow-1' }], { name: 'slow' }))
      .route(
        '/broken',
        pool([{ url: broken, id: 'broken-1' }], { name: 'broken' }).eject({ consecutiveErrors: 3 }),
      )
      .start({ signals: false })
    await using watched = await open(watching.url)
    const { page, errors } = watched
    await page.getByLabel('Token', { exact: true }).fill(TOKEN)
    await page.getByRole('button', { name: 'Continue' }).click()
    const slowRow = page.locator('#pools').getByRole('row', { name: /slow-1/ })
    await slowRow.getByText('serving').waitFor()
    await page.getByLabel('Where').fill('status >= 500')
    await page.getByRole('button', { name: 'Start' }).click()
    await page.locator('#tap-state', { hasText: 'running' }).waitFor()

    const late = fetch(`${running.url}/slow`)
    await eventually(() => slowRow.locator('[data-part="in-flight"]').innerText()).toBe('1')
    for (let n = 0; n < 3; n++) await (await fetch(`${running.url}/broken`)).text()
    const brokenRow = page.locator('#pools').getByRole('row', { name: /broken-1/ })
    await brokenRow.getByText('ejected', { exact: true }).waitFor()
    expect(await brokenRow.innerText()).toMatch(/3 errors in a row, \d+ s left/)
    await page.getByRole('log').getByText('broken: broken-1 is ejected').waitFor()
    await eventually(() => page.locator('#tap-rows tr').count()).toBe(3)
    expect(await page.locator('#failure-rows tr').first().innerText()).toContain('status 503')

    await slowRow.getByRole('button', { name: 'Drain' }).click()
    await slowRow.getByText('draining').waitFor()
    for (const answer of held) answer()
    expect(await (await late).text()).toBe('late')
    await slowRow.getByText('drained').waitFor()
    await slowRow.getByRole('button', { name: 'Enable' }).click()
    await slowRow.getByText('serving').waitFor()
    await slowRow.getByRole('button', { name: /^Weight/ }).click()
    await page.getByLabel('New weight of slow-1').fill('4')
    await page.keyboard.press('Enter')
    await slowRow.getByText('4', { exact: true }).waitFor()
    const route = page.locator('#routes').getByRole('row', { name: '/broken' })
    expect(await route.locator('[data-part="failures"]').innerText()).toBe('3')
    expect(errors.filter((text) => !text.includes('status of 401'))).toEqual([])
  })
})
