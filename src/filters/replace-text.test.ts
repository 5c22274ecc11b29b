import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndlessSource, inPieces, PausingSink, pieceSizes } from '../../test/filters/body-pieces.ts'
import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { decompress } from './decompress.ts'
import { replaceText } from './replace-text.ts'

const html =
  (body: Body | string, type = 'text/html', headers: Record<string, string> = {}): Handler =>
  () =>
    respond(200, Body.from(body), { 'content-type': type, ...headers })

async function answered(filter: ReturnType<typeof replaceText>, handler: Handler) {
  const { response } = await run(filter, exchange(), handler)
  return response.body.text()
}

describe('replaceText', () => {
  test('gives the same content for any split into pieces', async () => {
    const text = 'Grüße an http://old.example/ und http://old.example.org/, 漢字!'.repeat(20)
    const expected = text.replaceAll('http://old.example/', 'https://neu.example/').replaceAll('字', '漢字')
    const filter = replaceText([
      ['http://old.example/', 'https://neu.example/'],
      ['字', '漢字'],
    ])
    await fc.assert(
      fc.asyncProperty(pieceSizes, async (sizes) => {
        expect(await answered(filter, html(inPieces(Buffer.from(text), sizes)))).toBe(expected)
      }),
      { numRuns: 50 },
    )
  })

  test('changes requests where it is told to, and responses unless it is told not to', async () => {
    const both = replaceText('a', 'b', { requests: true })
    const request = () => exchange({ method: 'POST', body: 'aa', headers: { 'content-type': 'text/plain' } })
    const { calls, response } = await run(both, request())
    expect([String(calls[0]!.body), await response.body.text()]).toEqual(['bb', 'ok'])
    const only = await run(replaceText('a', 'b', { requests: true, responses: false }), request(), html('aa'))
    expect(await only.response.body.text()).toBe('aa')
    const none = await run(replaceText('a', 'b'), request())
    expect(String(none.calls[0]!.body)).toBe('aa')
  })

  test.each([
    ['text/html', 'b'],
    ['application/json', 'b'],
    ['text/html; charset=UTF-8', 'b'],
    ['text/html;charset="utf-8";x=y', 'b'],
    ['text/html; charset=iso-8859-1', 'b'],
    ['text/html; charset=utf-16', 'a'],
    ['text/html; charset=shift_jis', 'a'],
    ['image/png', 'a'],
    ['application/octet-stream', 'a'],
  ])('makes of an "a" in %s: %j', async (type, result) => {
    expect(await answered(replaceText('a', 'b'), html('a', type))).toBe(result)
  })

  test('leaves another charset alone where a text is not ASCII', async () => {
    expect(await answered(replaceText('a', 'ä'), html('a', 'text/html; charset=iso-8859-1'))).toBe('a')
    expect(await answered(replaceText('a', 'ä'), html('a', 'text/html; charset=utf-8'))).toBe('ä')
  })

  test('leaves what has a coding alone, and what is a part', async () => {
    expect(
      await answered(replaceText('a', 'b'), html('a', 'text/html', { 'content-encoding': 'gzip' })),
    ).toBe('a')
    expect(
      await answered(replaceText('a', 'b'), () => respond(206, 'a', { 'content-type': 'text/html' })),
    ).toBe('a')
  })

  test('holds what it makes of a chunk until it is wanted', async () => {
    const endless = new EndlessSource(Buffer.alloc(65_536, 'a'))
    const { response } = await run(replaceText('a', 'x'.repeat(10_000)), exchange(), html(new Body(endless)))
    const source = response.body.take()
    const sink = new PausingSink(source, 1_000_000)
    source.open(sink)
    await sink.paused
    // Two chunks would make 1.3 GB of text.
    expect([endless.given <= 131_072, sink.taken < 1_200_000]).toEqual([true, true])
    source.cancel(new ProxyError('client_aborted'))
    expect(endless.cancelled).toBe(true)
  })
})

describe('replaceText before a service', () => {
  test('finds texts in what was compressed, where decompress stands behind it', async () => {
    const app = proxy().route(
      '/',
      replaceText('http://shop', 'https://shop'),
      decompress(),
      pool(['http://u']),
    )
    await using sim = simulate(app)
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/html' }
    sim.upstream('http://u').reply({ body: gzipSync('<a href="http://shop/">'), headers })
    const response = await sim.get('/')
    expect([response.text(), response.headers.has('content-encoding')]).toEqual([
      '<a href="https://shop/">',
      false,
    ])
    await sim.assertNoLeaks()
  })
})

test.each([
  ['pairs', []],
  ['pairs', [[]]],
  ['pairs', [[['a']]]],
  ['pairs', [['ab']]],
  ['pairs', [Array.from({ length: 101 }, () => ['a', 'b'])]],
  ['pairs', [/a/, 'b']],
  ['from', ['', 'b']],
  ['from', ['x'.repeat(1_025), 'b']],
  ['from', ['\ud800', 'b']],
  ['from', [[[1, 'b']]]],
  ['to', ['a']],
  ['to', ['a', 'x'.repeat(65_537)]],
  ['to', ['a', '\udc00']],
  ['requests', ['a', 'b', { requests: 1 }]],
  ['responses', ['a', 'b', { responses: false }]],
  ['types', [[['a', 'b']], { types: '*' }]],
  ['regexp', ['a', 'b', { regexp: true }]],
])('replaceText refuses a wrong %s: %j', (option, args) => {
  expect(() => (replaceText as (...args: unknown[]) => unknown)(...args)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
  )
})
