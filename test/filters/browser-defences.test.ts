import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { basicAuth, csrf, hashPassword, requestId, securityHeaders } from '../../src/filters/index.ts'
import { type Handler, proxy, type RunningProxy, respond } from '../../src/index.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)
if (executablePath === undefined) console.log('skipped: chromium is not installed')

/** What came through, each as `METHOD /path`. */
const served: string[] = []
const note: Handler = ({ request }) => {
  served.push(`${request.method} ${request.path}`)
  return respond(200, '<p>done</p>', { 'Content-Type': 'text/html' })
}
const page: Handler = ({ request }) => {
  const nonce = request.headers.get('x-csp-nonce')
  const text = `<title>0</title><script>document.title += 'evil'</script><script nonce="${nonce}">document.title += 'own'</script>`
  return respond(200, text, { 'Content-Type': 'text/html' })
}

describe.skipIf(executablePath === undefined)('Chromium', () => {
  let browser: Browser
  let gateway: RunningProxy
  let foreign: RunningProxy
  let shop: string
  let evil: string

  beforeAll(async () => {
    const users = { zoë: await hashPassword('pässword') }
    gateway = await proxy()
      .listen({ port: 0, host: '127.0.0.1' })
      .use(
        requestId(),
        csrf(),
        securityHeaders({ contentSecurityPolicy: "script-src 'nonce-{nonce}'", frame: 'deny' }),
      )
      .route('/page', page)
      .route('/staff', basicAuth({ users }), note)
      .route('/', note)
      .start({ signals: false })
    shop = `http://127.0.0.1:${gateway.addresses[0]!.port}`
    // Another host is another site. It has a page with a form, and a frame, both to the shop.
    const form = `<title>evil</title><form method="post" action="${shop}/cart"><button>win</button></form><iframe src="${shop}/page"></iframe>`
    foreign = await proxy()
      .listen({ port: 0, host: '127.0.0.1' })
      .route('/', () => respond(200, form, { 'Content-Type': 'text/html' }))
      .start({ signals: false })
    evil = `http://localhost:${foreign.addresses[0]!.port}`
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--host-resolver-rules=MAP localhost 127.0.0.1'],
    })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await gateway?.close()
    await foreign?.close()
  }, 60_000)

  async function open(url: string): Promise<Page> {
    served.length = 0
    const opened = await browser.newPage()
    await opened.goto(url)
    return opened
  }

  it('sends forms and requests of the own pages, and none of another site', {
    timeout: 120_000,
  }, async () => {
    const own = await open(`${shop}/`)
    const post = (): Promise<number> =>
      own.evaluate(async () => (await fetch('/cart', { method: 'POST', body: 'item=7' })).status)
    expect(await post()).toBe(200)
    expect(served).toContain('POST /cart')

    const other = await open(`${evil}/`)
    const [response] = await Promise.all([
      other.waitForResponse((it) => it.url() === `${shop}/cart`),
      other.click('button'),
    ])
    expect(response.status()).toBe(403)
    await other.goto(`${evil}/`)
    await other.evaluate(
      (url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }),
      `${shop}/cart`,
    )
    expect(served).not.toContain('POST /cart')
  })

  it('runs the script that has the nonce, and no other; and shows the page in no frame', {
    timeout: 120_000,
  }, async () => {
    const shown = await open(`${shop}/page`)
    expect(await shown.title()).toBe('0own')
    const framing = await open(`${evil}/`)
    const frame = framing.frames()[1]!
    expect(await frame.title().catch(() => 'refused')).not.toContain('own')
  })

  it('logs in with a name and a password beyond ASCII', { timeout: 120_000 }, async () => {
    const context = await browser.newContext({ httpCredentials: { username: 'zoë', password: 'pässword' } })
    const staff = await context.newPage()
    expect((await staff.goto(`${shop}/staff`))?.status()).toBe(200)
    await context.close()
  })
})
