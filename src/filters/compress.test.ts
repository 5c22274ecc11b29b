import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Body } from '../core/body.ts'
import { type Handler, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type CompressOptions, compress } from './compress.ts'

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(100)
const DECODE = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }

const answering =
  (headers: Record<string, string> = {}, body: Body | string = TEXT, status = 200): Handler =>
  () =>
    respond(status, body, { 'content-type': 'text/plain', ...headers })

async function compressed(
  accept: string | undefined,
  handler: Handler = answering(),
  options: CompressOptions = {},
  more: { method?: string; headers?: Record<string, string> } = {},
) {
  const headers = { ...(accept === undefined ? {} : { 'accept-encoding': accept }), ...more.headers }
  const filter = compress(options)
  const { response } = await run(filter, exchange({ ...more, headers }), handler)
  const body = await response.body.buffer()
  expect(filter.streams).toBe(0)
  return { headers: response.headers, coding: response.headers.get('content-encoding'), body }
}

const chunks = (...parts: string[]) =>
  Body.from(
    (async function* () {
      for (const part of parts) yield Buffer.from(part)
    })(),
  )

describe('compress', () => {
  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    test(`gives ${coding} of a small body, of a large one, and of one of unknown length`, async () => {
      const large = TEXT.repeat(100)
      for (const [body, expected] of [
        [TEXT, TEXT],
        [large, large],
        [chunks(TEXT, large, 'x'), `${TEXT}${large}x`],
        [chunks(), ''],
      ] as const) {
        const { headers, coding: got, body: bytes } = await compressed(coding, answering({}, body))
        expect([got, headers.get('vary')]).toEqual([coding, 'Accept-Encoding'])
        expect(String(DECODE[coding](bytes)) === expected).toBe(true)
        if (expected !== '') expect(bytes.length).toBeLessThan(expected.length / 5)
      }
    })
  }
})

describe('compress before a service', () => {
  const world = (options: CompressOptions = {}) =>
    simulate(proxy().route('/', compress(options), pool(['http://u'])))

  test('sends each event of a stream when it comes', async () => {
    await using sim = world()
    async function* events() {
      for (let i = 0; i < 3; i++) {
        yield `data: ${i}\n\n`
        await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 10_000))
      }
    }
    sim
      .upstream('http://u')
      .reply(() => ({ headers: { 'content-type': 'text/event-stream' }, body: events() }))
    const response = await sim.get('/', { headers: { 'accept-encoding': 'gzip' } })
    expect(String(gunzipSync(response.body))).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n')
    await sim.assertNoLeaks()
  })
})
void onRequest
