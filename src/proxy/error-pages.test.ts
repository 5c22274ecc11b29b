import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { mediaType } from '../core/accept.ts'
import { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { exchange, fault, type SimulatedResponse, simulate } from '../testing/index.ts'
import { type ErrorPages, errorPages } from './error-pages.ts'
import { PageTemplate } from './page-template.ts'
import { proxy } from './proxy.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const PROBLEM = 'application/problem+json'

afterEach(() => vi.restoreAllMocks())

/** What is answered for an error to one who accepts this. */
async function answer(pages: ErrorPages, error: ProxyError, accept?: string, id?: string) {
  const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept }
  const response = await errorPages(pages)(error, exchange({ headers, id }))
  const text = await response?.body.text()
  return { response, type: response?.headers.get('content-type'), text }
}

describe('errorPages', () => {
  test.each(['application/grpc', 'application/grpc-web+proto'])(
    'have none for a call of %s',
    async (type) => {
      const request = exchange({ method: 'POST', headers: { 'content-type': type, accept: 'text/html' } })
      const pages = errorPages({ default: { 'text/html': 'a page' } })
      expect(await pages(new ProxyError('no_endpoint'), request)).toBeUndefined()
    },
  )

  test.each<[string, string | undefined]>([
    ['404', 'one'],
    ['405', 'class'],
    ['502', 'servers'],
    ['503', 'busy'],
  ])('chooses by the status, exact before its class: %s', async (status, expected) => {
    const pages = {
      404: { 'text/html': 'one' },
      '4xx': { 'text/html': 'class' },
      503: { 'text/html': 'busy' },
      default: { 'text/html': 'servers' },
    }
    const code = ({ 404: 'route_not_found', 405: 'method_not_allowed', 502: 'upstream_refused' } as const)[
      status
    ]
    const { response, text } = await answer(pages, new ProxyError(code ?? 'no_endpoint'), BROWSER)
    expect([`${response!.status}`, text]).toEqual([status, expected])
  })

  test('leaves a status without pages to the default answer', async () => {
    expect(
      (await answer({ '5xx': { 'text/html': 'x' } }, new ProxyError('route_not_found'))).response,
    ).toBeUndefined()
  })

  const pages = {
    default: {
      'text/html': '<h1>html</h1>',
      'application/json': '{"error":true}',
      'text/plain': 'plain',
    },
  }
  test.each<[string | undefined, string]>([
    [BROWSER, 'text/html; charset=utf-8'],
    ['text/html', 'text/html; charset=utf-8'],
    ['text/*', 'text/html; charset=utf-8'],
    ['text/html;q=0.4, application/json;q=0.6', 'application/json'],
    ['application/json, text/html', 'text/html; charset=utf-8'],
    ['text/plain;q=0.9, text/html;q=0.8', 'text/plain; charset=utf-8'],
    // Programs take anything, and are not sent HTML for it.
    ['*/*', 'application/json'],
    [undefined, 'application/json'],
    ['junk', 'application/json'],
    ['text/html;q=0.2, */*;q=0.5', 'application/json'],
    ['application/json;q=0, */*', 'text/plain; charset=utf-8'],
    [PROBLEM, PROBLEM],
    ['application/*', 'application/json'],
    [`${PROBLEM}, application/json;q=0.5`, PROBLEM],
    // What there is none of.
    ['image/png', PROBLEM],
    ['text/html;q=0, text/plain;q=0', PROBLEM],
    ['*/*;q=0', PROBLEM],
  ])('answers one who accepts %s with %s', async (accept, expected) => {
    const { response, type } = await answer(pages, new ProxyError('upstream_refused'), accept)
    expect(type).toBe(expected)
    // Which of them it was is no business of a cache.
    expect(response!.headers.get('cache-control')).toBe('no-store')
    expect(response!.headers.has('vary')).toBe(false)
  })

  test('answers with the problem document where there is nothing but HTML, and nobody has named it', async () => {
    const html = { default: { 'text/html': 'x' } }
    for (const accept of ['*/*', undefined, 'application/json', 'text/plain'])
      expect((await answer(html, new ProxyError('upstream_refused'), accept)).type).toBe(PROBLEM)
  })

  test('takes a problem document of your own in its place', async () => {
    const own = { default: { [PROBLEM]: '{"title":{{title}}}', 'text/html': 'x' } }
    expect((await answer(own, new ProxyError('upstream_refused'), '*/*')).text).toContain(
      '{"title":The service',
    )
  })

  test('keeps status and fields of the error', async () => {
    const html = { default: { 'text/html': 'x' } }
    const busy = await answer(
      html,
      new ProxyError('overloaded', { headers: { 'Retry-After': '7' } }),
      BROWSER,
    )
    expect([busy.response!.status, busy.response!.headers.get('retry-after')]).toEqual([503, '7'])
    expect(busy.response!.headers.get('proxy-status')).toBe('gatewright; error=connection_limit_reached')
    const full = await answer(html, new ProxyError('pool_queue_full'), BROWSER)
    expect(full.response!.headers.get('retry-after')).toBe('1')
    const method = await answer(
      html,
      new ProxyError('method_not_allowed', { headers: { Allow: 'GET' } }),
      BROWSER,
    )
    expect(method.response!.headers.get('allow')).toBe('GET')
  })

  test('chooses anew for each client, however many differ', async () => {
    const handler = errorPages(pages)
    const type = async (accept: string) =>
      (await handler(
        new ProxyError('upstream_refused'),
        exchange({ headers: { Accept: accept } }),
      ))!.headers.get('content-type')
    for (let i = 0; i < 120; i++) {
      // Some come again.
      const q = `0.${100 + (i % 40)}`
      expect(await type(`text/html;q=${q}`)).toBe('text/html; charset=utf-8')
      expect(await type(`text/plain;q=${q}`)).toBe('text/plain; charset=utf-8')
    }
    expect(await type(`${'a/b,'.repeat(600)}text/html`)).toBe(PROBLEM)
  })
})

describe('values in pages', () => {
  const facts = 'status={{status}} title={{ title }} code={{code}} detail={{detail}} id={{id}}'

  test('are those of the error, and the id', async () => {
    const { text } = await answer(
      { default: { 'text/plain': facts } },
      new ProxyError('upstream_reset'),
      '*/*',
      'e-1',
    )
    expect(text).toBe(
      'status=502 title=The service closed the connection without an answer code=upstream_reset detail= id=e-1',
    )
  })

  test('tell what is wrong with a request, and nothing of what is wrong inside', async () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7:8080')
    const inside = new ProxyError('upstream_refused', { detail: '10.0.0.7 refused', cause })
    const outside = new ProxyError('request_body_too_large', { detail: 'more than 10 bytes' })
    const seen: unknown[] = []
    const all = {
      default: {
        'text/plain': facts,
        'application/json': (it: object) => {
          seen.push(it)
          return '{}'
        },
      },
    }
    expect((await answer(all, inside, 'text/plain')).text).toContain('detail= id=')
    expect((await answer(all, outside, 'text/plain')).text).toContain('detail=more than 10 bytes id=')
    await answer(all, inside, 'application/json')
    expect(JSON.stringify(seen)).not.toContain('10.0.0.7')
    expect(Object.keys(seen[0]!)).toEqual(['status', 'code', 'title', 'detail'])
  })

  test('can do no harm in HTML, JSON, XML and text', async () => {
    const template = (type: string, text: string) => new PageTemplate('test', type, text, mediaType(type)!)
    const html = template('text/html', '<p title="{{detail}}">{{detail}}</p>')
    const json = template('application/json', '{"detail":"{{detail}}"}')
    const unescaped = (text: string) =>
      text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    const code = fc.oneof(fc.nat(0x7f), fc.nat(0xffff))
    const anyText = fc.array(code, { maxLength: 250 }).map((codes) => String.fromCharCode(...codes))
    fc.assert(
      fc.property(anyText, (detail) => {
        const facts = { status: 400, title: '', code: '', id: '', detail }
        const value = detail.slice(0, 200)
        const found = /^<p title="([\w ,.:;&#-]*)">([\w ,.:;&#-]*)<\/p>$/.exec(html.render(facts))
        expect(found).not.toBeNull()
        if (!value.isWellFormed()) return
        expect([found![1], found![2]].map((it) => unescaped(it!))).toEqual([value, value])
        expect(JSON.parse(json.render(facts))).toEqual({ detail: value })
      }),
    )
    const hostile = new ProxyError('request_malformed', {
      detail: '</script><img src=x onerror="a()">\r\n\u0007',
    })
    for (const type of ['image/svg+xml', 'application/xhtml+xml', 'text/xml'])
      expect((await answer({ default: { [type]: '{{detail}}' } }, hostile, type)).text).not.toMatch(
        /[<>"'\r\n]/,
      )
    expect((await answer({ default: { 'text/plain': '{{detail}}' } }, hostile, '*/*')).text).toBe(
      '</script><img src=x onerror="a()">   ',
    )
  })

  test('are cut where they are long', async () => {
    const error = new ProxyError('request_malformed', { detail: 'x'.repeat(10_000) })
    expect((await answer({ default: { 'text/plain': '{{detail}}' } }, error, '*/*')).text).toBe(
      'x'.repeat(200),
    )
  })
})

describe('errorPages refuses', () => {
  test.each<[string, unknown, string]>([
    ['no pages', {}, 'errorPages: "pages" must be an object of pages by status, at least one, got an object'],
    ['what is no object', 'x', 'errorPages: "pages" must be an object of pages by status'],
    ['a status that is none', { 200: {} }, 'errorPages: "status" must be a status from 400 to 599'],
    ['a class that is none', { '3xx': {} }, 'errorPages: "status" must be a status from 400 to 599'],
    ['a status without types', { 404: {} }, 'errorPages: "404" must be an object of pages by media type'],
    ['a page without a type', { 404: '<h1>' }, 'errorPages: "404" must be an object of pages by media type'],
    [
      'a type that is none',
      { 404: { html: 'x' } },
      'errorPages: "404" must be an object of pages by media type',
    ],
    ['a range', { 404: { 'text/*': 'x' } }, 'errorPages: "404" must be an object of pages by media type'],
    ['a type with a line break', { 404: { 'a/b;c="\r\n"': 'x' } }, 'errorPages: "404" must be'],
    [
      'a page that is none',
      { 404: { 'text/html': 7 } },
      'errorPages: "404 text/html" must be a text, bytes, or a',
    ],
    [
      'a value that is none',
      { 404: { 'text/html': '{{stack}}' } },
      'errorPages: "404 text/html" must be a page in which only {{status}}, {{title}}, {{code}}, {{detail}}, {{id}} stand for something, got "{{stack}}"',
    ],
    [
      'values in a script',
      { 404: { 'text/javascript': '{{id}}' } },
      'errorPages: "404 text/javascript" must be a page',
    ],
    ['a large text', { 404: { 'text/html': 'x'.repeat(1_048_577) } }, 'a page of at most 1048576 bytes'],
    ['large bytes', { 404: { 'text/html': Buffer.alloc(1_048_577) } }, 'a page of at most 1048576 bytes'],
    ['too many values', { 404: { 'text/html': '{{id}}'.repeat(1_000) } }, 'a page of at most 1048576 bytes'],
    [
      'text in Latin 1',
      { 404: { 'text/html; charset=iso-8859-1': 'ä' } },
      'must be bytes, where they are not of UTF-8',
    ],
  ])('%s', (_, given, message) => {
    expect(() => errorPages(given as ErrorPages)).toThrow(message)
    expect(() => errorPages(given as ErrorPages)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })
})

describe('a proxy with error pages', () => {
  const nothing: Handler = () => {
    throw new ProxyError('exchange_aborted')
  }
  const gateway = (pages: ErrorPages) =>
    proxy()
      .onError(errorPages(pages))
      .route('/users', pool(['http://u1']))
      .route('/gone', nothing)
      .route('/ok', () => respond(200, 'ok'))

  const shown = ({ status, headers }: SimulatedResponse) => [status, headers.get('content-type')]

  test('answers a browser with HTML and a program with a problem document', async () => {
    await using sim = simulate(gateway({ '5xx': { 'text/html': '<h1>{{title}}</h1>' } }))
    sim.upstream('http://u1').inject(fault.refuse())
    const page = await sim.get('/users', { headers: { Accept: BROWSER } })
    expect([...shown(page), page.text()]).toEqual([
      502,
      'text/html; charset=utf-8',
      '<h1>The service refused the connection</h1>',
    ])
    expect(shown(await sim.get('/users'))).toEqual([502, PROBLEM])
    expect(shown(await sim.get('/nowhere', { headers: { Accept: BROWSER } }))).toEqual([404, PROBLEM])
    expect((await sim.get('/ok')).text()).toBe('ok')
    await sim.assertNoLeaks()
  })

  test('sends a HEAD the length of the page, and no page', async () => {
    await using sim = simulate(gateway({ default: { 'text/html': Buffer.from('<h1>ä</h1>') } }))
    const client = await sim.connect()
    await client.send(`HEAD /nowhere HTTP/1.1\r\nHost: a\r\nAccept: ${BROWSER}\r\n\r\n`)
    const response = await client.response({ to: 'HEAD' })
    expect([response.status, response.body.length]).toEqual([404, 0])
    expect(response.headers.find(([name]) => name === 'Content-Length')).toEqual(['Content-Length', '11'])
    await client.send('GET /ok HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body.toString()).toBe('ok')
    await sim.assertNoLeaks()
  })

  test('sends the same bytes each time, whatever becomes of those that it was given', async () => {
    const bytes = Buffer.alloc(200_000, 'x')
    await using sim = simulate(gateway({ default: { 'text/html': bytes } }))
    bytes.fill('y')
    for (let i = 0; i < 3; i++) {
      const response = await sim.get('/nowhere', { headers: { Accept: BROWSER } })
      expect(response.text()).toBe('x'.repeat(200_000))
    }
    await sim.assertNoLeaks()
  })

  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('out of paper')
      },
      'out of paper',
    ],
    ['returns nothing', () => undefined, 'the function for default text/html must return a text or bytes'],
    ['returns a promise', async () => 'x', 'the function for default text/html must return a text or bytes'],
    ['returns too much', () => 'ä'.repeat(600_000), 'returns is larger than 1048576 bytes'],
  ])('answers 500 and says so on standard error where a function %s', async (_, page, message) => {
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using sim = simulate(gateway({ default: { 'text/html': page as () => string } }))
    const response = await sim.get('/nowhere', { headers: { Accept: BROWSER } })
    expect(shown(response)).toEqual([500, PROBLEM])
    expect(response.text()).not.toContain(message)
    expect(reported).toHaveBeenCalledWith(
      expect.anything(),
      expect.objectContaining({ message: expect.stringContaining(message) }),
    )
    await sim.assertNoLeaks()
  })

  test('shows the id by which the exchange is found', async () => {
    const ids: string[] = []
    const note: Parameters<ReturnType<typeof proxy>['use']>[0] = (at, next) => {
      ids.push(at.id)
      return next(at)
    }
    const app = proxy()
      .use(note)
      .onError(
        errorPages({ default: { 'application/json': ({ id, status }) => JSON.stringify({ id, status }) } }),
      )
      .route('/ok', () => respond(200))
    await using sim = simulate(app)
    expect((await sim.get('/nowhere')).json()).toEqual({ id: ids[0], status: 404 })
    await sim.assertNoLeaks()
  })
})
