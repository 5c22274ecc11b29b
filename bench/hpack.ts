/**
 * What HTTP/2 costs before any stream is opened: field blocks (HPACK) decoded and encoded, frames read and written.
 *
 *   npx node bench/hpack.ts [--smoke]
 *
 * Under load from others, look at the fastest column: what a machine does besides can only make it slower.
 */
import { pathToFileURL } from 'node:url'
import { Bench } from 'tinybench'
import { ErrorCode } from '../src/transport/http2/error-codes.ts'
import type { FrameHandler } from '../src/transport/http2/frame-handler.ts'
import { FrameReader } from '../src/transport/http2/frame-reader.ts'
import { FrameWriter } from '../src/transport/http2/frame-writer.ts'
import { HpackDecoder } from '../src/transport/http2/hpack-decoder.ts'
import { HpackEncoder } from '../src/transport/http2/hpack-encoder.ts'
import { OutputBuffer } from '../src/transport/http2/output-buffer.ts'
import { writeHuffmanString } from '../src/transport/http2/string-literal.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** As a browser sends it, without a cookie: 14 fields. */
const REQUEST: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'www.example.com'],
  [':path', '/assets/app.js?v=20261123'],
  ['sec-ch-ua', '"Chromium";v="142", "Not_A Brand";v="99"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  ],
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['sec-fetch-site', 'same-origin'],
  ['sec-fetch-mode', 'navigate'],
  ['sec-fetch-dest', 'document'],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['accept-language', 'en-GB,en;q=0.9,de;q=0.8'],
]

/** Ten fields, three of which have another value each time. */
const RESPONSE: Fields = [
  [':status', '200'],
  ['date', 'Mon, 23 Nov 2026 12:00:00 GMT'],
  ['server', 'nginx'],
  ['content-type', 'application/json'],
  ['content-length', '1024'],
  ['cache-control', 'no-cache'],
  ['etag', '"65f1c0de-400"'],
  ['vary', 'accept-encoding'],
  ['strict-transport-security', 'max-age=31536000'],
  ['x-request-id', '0f8fad5b-d9cb-469f-a165-70867728950e'],
]

interface Row {
  readonly what: string
  readonly bytes: number
  readonly 'ns, median': number
  readonly 'ns, fastest': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const bench = new Bench(smoke ? { time: 0, iterations: 2, warmup: false } : { time: 400, warmupTime: 200 })
  const bytesOf = new Map<string, number>()
  const times = 1000
  let sink = 0

  function add(what: string, bytes: number, once: () => number): void {
    bytesOf.set(what, bytes)
    bench.add(what, () => {
      for (let i = 0; i < times; i++) sink += once()
    })
  }

  for (const [name, fields] of [
    ['request', REQUEST],
    ['response', RESPONSE],
  ] as const) {
    const sender = new HpackEncoder()
    const first = encoded(sender, fields)
    const again = encoded(sender, fields)
    const receiver = newDecoder()
    receiver.decode(first)
    add(`decode a ${name} as before`, again.length, () => receiver.decode(again).count)
    const literal = literals(fields)
    add(`decode a ${name} of literals`, literal.length, () => receiver.decode(literal).count)
    const out = new OutputBuffer()
    add(`encode a ${name} as before`, again.length, () => encode(sender, out, fields))
    const tableless = new HpackEncoder(0)
    encoded(tableless, fields)
    add(`encode a ${name} of literals`, encoded(tableless, fields).length, () =>
      encode(tableless, out, fields),
    )
  }

  const frames = requestFrames()
  const reader = new FrameReader(new Counter(), 'server')
  reader.read(frames.start)
  add('read HEADERS and DATA of 1 KiB, ended', frames.message.length, () => {
    reader.read(frames.message)
    return 1
  })
  add('read them in two pieces', frames.message.length, () => {
    reader.read(frames.message.subarray(0, 700))
    reader.read(frames.message.subarray(700))
    return 1
  })
  const writer = new FrameWriter(NOWHERE)
  const encoder = new HpackEncoder()
  const body = Buffer.alloc(1024)
  add('write a response with a body of 1 KiB', 1024, () => {
    encode(encoder, writer.beginHeaders(), RESPONSE, false)
    writer.endHeaders(1, false)
    writer.data(1, body, true)
    writer.flush()
    return 1
  })

  await bench.run()
  const rows = bench.tasks.map(({ name, result }): Row => {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
    const ns = (ms: number): number => Math.round((ms * 1e6) / times)
    return {
      what: name,
      bytes: bytesOf.get(name)!,
      'ns, median': ns(result.latency.p50),
      'ns, fastest': ns(result.latency.min),
    }
  })
  console.table(rows)
  if (sink === 0) throw new Error('nothing was read')
}

/** Answers everything, and does nothing. */
class Counter implements FrameHandler {
  onDataStart(): void {}
  onDataPiece(): true {
    return true
  }
  onDataEnd(): void {}
  onHeaders(): void {}
  onRstStream(): void {}
  onSetting(): void {}
  onSettingsEnd(): void {}
  onSettingsAck(): void {}
  onPing(): void {}
  onGoaway(): void {}
  onWindowUpdate(): void {}
  onPriorityUpdate(): void {}
  onIdleFrame(): void {}
  onStreamFault(): void {}
}

/** Takes every byte at once. */
const NOWHERE = { write: () => true, cork() {}, uncork() {}, pendingBytes: 0 }

function newDecoder(): HpackDecoder {
  return new HpackDecoder({ listBytes: 16_384, fields: 100 })
}

function encode(encoder: HpackEncoder, out: OutputBuffer, fields: Fields, alone = true): number {
  if (alone) out.length = 0
  encoder.begin(out)
  for (let i = 0; i < fields.length; i++) {
    const [name, value] = fields[i]!
    encoder.field(out, name, value)
  }
  return out.length
}

function encoded(encoder: HpackEncoder, fields: Fields): Buffer {
  const out = new OutputBuffer()
  return Buffer.from(out.bytes.subarray(0, encode(encoder, out, fields)))
}

/** Every field a literal, name and value in Huffman code, and none for the table: as the first request of a connection is. */
function literals(fields: Fields): Buffer {
  const out = new OutputBuffer()
  for (const [name, value] of fields) {
    out.reserve(1)
    out.bytes[out.length++] = 0
    writeHuffmanString(out, name)
    writeHuffmanString(out, value)
  }
  return Buffer.from(out.bytes.subarray(0, out.length))
}

function requestFrames(): { start: Buffer; message: Buffer } {
  const sent: Buffer[] = []
  const writer = new FrameWriter({
    ...NOWHERE,
    write: (data) => sent.push(Buffer.from(data as Uint8Array)) > 0,
  })
  writer.preface()
  writer.settings([])
  writer.flush()
  const start = Buffer.concat(sent.splice(0))
  encode(new HpackEncoder(), writer.beginHeaders(), REQUEST, false)
  writer.endHeaders(1, false)
  writer.data(1, Buffer.alloc(1024), true)
  writer.windowUpdate(0, 1024)
  writer.rstStream(3, ErrorCode.CANCEL)
  writer.flush()
  return { start, message: Buffer.concat(sent) }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
