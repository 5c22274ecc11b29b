import { fromFetch, pool, proxy, type RunningProxy, respond } from 'gatewright'
import { type Admin, type AdminOptions, admin } from 'gatewright/admin'
import { describe, expect, it, onTestFinished } from 'vitest'
import { noChromium, withChromium } from './chromium.ts'

const TOKEN = 'a-token-of-more-than-16-characters'

async function started(options: AdminOptions = {}): Promise<{ running: RunningProxy; attached: Admin }> {
  const attached = admin({ port: 0, ...options })
  const service = await proxy()
    .listen(0)
    .route('/', () => respond(200, 'ok'))
    .start({ signals: false })
  onTestFinished(() => service.close())
  const endpoints = [{ url: service.url, id: 'u1' }]
  const running = await proxy()
    .listen(0)
    .attach(attached)
    .route('/', pool(endpoints, { name: 'users' }))
    .start({ signals: false })
  onTestFinished(() => running.close())
  return { running, attached }
}

describe.skipIf(noChromium)('dashboard, of a real listener', { timeout: 90_000 }, () => {
  const open = withChromium()

  it('shows and steers under what the listener allows a page', async () => {
    const { running, attached } = await started()
    await using watched = await open(attached.url)
    const { page, errors } = watched
    const row = page.getByRole('row', { name: /u1/ })
    await row.waitFor()
    await page.getByRole('button', { name: 'Drain u1 of users' }).press('Enter')
    await row.getByText('drained').waitFor()
    expect(running.pool('users').endpoints[0]?.state).toBe('drained')
    expect(errors).toEqual([])
  })

  it('is let in with the token', async () => {
    const { attached } = await started({ token: TOKEN })
    await using watched = await open(attached.url)
    const { page } = watched
    const input = page.getByLabel('Token', { exact: true })
    await input.fill(TOKEN)
    await input.press('Enter')
    await page.getByRole('rowheader', { name: 'u1' }).waitFor()
  })

  it('is not to be had for a page of another port', async () => {
    const { running, attached } = await started()
    const page = `<script>
      const ask = (path, init) => fetch('${attached.url}' + path, init).then(() => 'answered', () => 'refused')
      const drain = '/api/endpoints/drain'
      const body = JSON.stringify({ pool: 'users', endpoint: 'u1' })
      Promise.all([
        ask('/api/snapshot'),
        ask(drain, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }),
        ask(drain, { method: 'POST', body, mode: 'no-cors' }),
        ask('/api/snapshot', { mode: 'no-cors' }),
      ]).then((all) => { document.title = all.join() })
    </script><iframe src="${attached.url}/"></iframe>`
    const other = await proxy()
      .listen(0)
      .route(
        '/',
        fromFetch(() => new Response(page, { headers: { 'Content-Type': 'text/html' } })),
      )
      .start({ signals: false })
    onTestFinished(() => other.close())
    await using watched = await open(other.url)
    await watched.page.waitForFunction('document.title !== ""')
    expect((await watched.page.title()).split(',').slice(0, 2)).toEqual(['refused', 'refused'])
    expect(running.pool('users').endpoints[0]?.state).toBe('serving')
    expect(watched.errors.some((error) => error.includes('frame-ancestors'))).toBe(true)
  })
})
