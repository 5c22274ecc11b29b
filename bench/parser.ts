/**
 * What it costs to read HTTP/1.1: heads of requests and responses, whole and in pieces, and chunked bodies.
 *
 *   npx node bench/parser.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { Bench } from 'tinybench'
import { BodyDecoder } from '../src/transport/http1/body-decoder.ts'
import { HeadBuffer } from '../src/transport/http1/head-buffer.ts'
import { parseRequestHead, type RequestHead } from '../src/transport/http1/request-head.ts'
import { parseResponseHead } from '../src/transport/http1/response-head.ts'

const LIMITS = {
  headBytes: 16_384,
  headers: 100,
  targetBytes: 8_192,
  bodyBytes: Number.POSITIVE_INFINITY,
  chunkExtensionBytes: 256,
  trailerBytes: 8_192,
  trailers: 64,
}

const FEW = request('GET /users/42 HTTP/1.1', [
  'Host: api.example.com',
  'User-Agent: curl/8.5.0',
  'Accept: */*',
])

const BROWSER = request('GET /assets/app.js?v=20261123 HTTP/1.1', [
  'Host: www.example.com',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
  'Referer: https://www.example.com/start',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=0f8fad5bd9cb469fa16570867728950e; theme=dark; consent=yes',
  'If-None-Match: "65f1c0de-1a2b"',
])

const RESPONSE = request('HTTP/1.1 200 OK', [
  'Date: Mon, 23 Nov 2026 12:00:00 GMT',
  'Server: nginx',
  'Content-Type: application/json',
  'Content-Length: 1024',
  'Cache-Control: no-cache',
  'ETag: "65f1c0de-400"',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
])

const SMALL_CHUNKS = chunks(16, 1024)
const LARGE_CHUNKS = chunks(16_384, 4)

interface Row {
  readonly what: string
  readonly bytes: number
  readonly ns: number
  readonly 'MB/s': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const bench = new Bench(smoke ? { time: 0, iterations: 2, warmup: false } : { time: 400, warmupTime: 200 })
  const bytesOf = new Map<string, number>()
  let sink = 0

  function add(what: string, bytes: Buffer, times: number, once: () => number): void {
    bytesOf.set(what, bytes.length)
    timesOf.set(what, times)
    bench.add(what, () => {
      for (let i = 0; i < times; i++) sink += once()
    })
  }
  const timesOf = new Map<string, number>()

  const parse = (bytes: Buffer, start: number, available: number): RequestHead | undefined =>
    parseRequestHead(bytes, start, available, LIMITS)
  const heads = new HeadBuffer()
  const decoder = new BodyDecoder({ onBodyChunk: () => true, onBodyEnd() {} }, LIMITS)

  add('request head, 3 fields', FEW, 1000, () => parse(FEW, 0, FEW.length)!.end)
  add('request head, 15 fields of a browser', BROWSER, 1000, () => parse(BROWSER, 0, BROWSER.length)!.end)
  add(
    'response head, 8 fields',
    RESPONSE,
    1000,
    () => parseResponseHead(RESPONSE, 0, RESPONSE.length, LIMITS)!.end,
  )
  add('request head of a browser, in two pieces', BROWSER, 1000, () => {
    heads.read(BROWSER.subarray(0, 400), 0, LIMITS.headBytes, parse)
    return heads.read(BROWSER.subarray(400), 0, LIMITS.headBytes, parse)!.end
  })
  add('request head of a browser, byte by byte', BROWSER, 10, () => {
    for (let i = 0; i < BROWSER.length; i++)
      heads.read(BROWSER.subarray(i, i + 1), 0, LIMITS.headBytes, parse)
    return heads.rest
  })
  for (const [what, body] of [
    ['chunked body, 1024 chunks of 16 bytes', SMALL_CHUNKS],
    ['chunked body, 4 chunks of 16 KiB', LARGE_CHUNKS],
  ] as const) {
    add(what, body, 10, () => {
      decoder.expectChunked()
      return decoder.feed(body, 0)
    })
  }

  await bench.run()
  const rows = bench.tasks.map(({ name, result }): Row => {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
    const ns = (result.latency.p50 * 1e6) / timesOf.get(name)!
    const bytes = bytesOf.get(name)!
    return { what: name, bytes, ns: Math.round(ns), 'MB/s': Math.round((bytes / ns) * 1000) }
  })
  console.table(rows)
  if (sink === 0) throw new Error('nothing was read')
}

function request(line: string, fields: readonly string[]): Buffer {
  return Buffer.from(`${[line, ...fields].join('\r\n')}\r\n\r\n`, 'latin1')
}

function chunks(size: number, count: number): Buffer {
  return Buffer.from(`${`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`.repeat(count)}0\r\n\r\n`, 'latin1')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
