import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)
if (executablePath === undefined) console.log('skipped: chromium is not installed')

/** Whether there is no browser to test with. */
export const noChromium: boolean = executablePath === undefined

/** The page asks once a second, and a busy machine is slow: what is awaited gets its time. */
export const eventually: <T>(read: () => T) => ReturnType<typeof expect.poll<T>> = (read) =>
  expect.poll(read, { timeout: 20_000 })

/** A page, and what its console says is wrong. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page
  readonly errors: readonly string[]
}

/** A browser for the tests of a file: how to open a page in it. */
export function withChromium(): (url: string, options?: BrowserContextOptions) => Promise<WatchedPage> {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (executablePath !== undefined)
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
  }, 60_000)

  return async (url, options) => {
    const context = await browser!.newContext(options)
    const page = await context.newPage()
    const errors: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(url)
    return { page, errors, [Symbol.asyncDispose]: () => context.close() }
  }
}
