import { describe, expect, it } from 'vitest'

import { respond } from '../core/message.ts'
import { exchange } from '../testing/exchange.ts'
import { run } from '../testing/run.ts'
import { type RedirectToHttpsOptions, redirectToHttps } from './redirect-to-https.ts'

describe('redirectToHttps', () => {
  it.each<[from: string, to: string, options?: RedirectToHttpsOptions]>([
    ['http://a.test/', 'https://a.test/'],
    ['http://a.test:8080/x?y=1&z=%20', 'https://a.test/x?y=1&z=%20'],
    ['http://a.test/x', 'https://a.test:8443/x', { port: 8443 }],
    ['http://a.test:80/x', 'https://a.test:8443/x', { port: 8443 }],
    ['http://[::1]:8080/x', 'https://[::1]/x'],
    ['http://[::1]/x', 'https://[::1]:8443/x', { port: 8443 }],
    // Behind the host, nothing can name another one.
    ['http://a.test//evil.test/', 'https://a.test//evil.test/'],
  ])('sends %s to %s', async (url, location, options) => {
    const { response, callCount } = await run(redirectToHttps(options), exchange({ url }))
    expect([response.status, response.headers.get('location'), callCount]).toEqual([308, location, 0])
  })

  it('has no path for a request that is about the whole server', async () => {
    const asked = exchange({ method: 'OPTIONS', url: '*', headers: { Host: 'a.test' } })
    const { response } = await run(redirectToHttps(), asked)
    expect(response.headers.get('location')).toBe('https://a.test/')
  })

  it('lets pass who came by https, also to a trusted proxy in front', async () => {
    for (const asked of [
      exchange({ url: 'https://a.test/' }),
      exchange({ url: 'http://a.test/', client: { scheme: 'https' } }),
    ]) {
      const { response, callCount } = await run(redirectToHttps(), asked, () => respond(200))
      expect([response.status, callCount]).toEqual([200, 1])
    }
  })

  it('refuses a request that names no host, as HTTP/1.0 allows it', async () => {
    const asked = exchange({ url: '/', version: '1.0' })
    Object.defineProperty(asked.request, 'host', { value: '' })
    await expect(run(redirectToHttps(), asked)).rejects.toMatchObject({ code: 'request_malformed' })
  })

  it.each([301, 302, 307, 308] as const)('answers %d where told to', async (status) => {
    const { response } = await run(redirectToHttps({ status }), exchange({ url: '/' }))
    expect(response.status).toBe(status)
  })

  it.each([{ status: 303 }, { port: 0 }, { port: 65_536 }, { ports: 1 }])('refuses %j', (options) => {
    expect(() => redirectToHttps(options as RedirectToHttpsOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })
})
