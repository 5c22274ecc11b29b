import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { proxy, respond } from 'gatewright'
import { cache } from 'gatewright/cache'
import { exchange, seededRandom, type VirtualClock, virtualClock } from 'gatewright/testing'
import { expect, test } from 'vitest'

const MIB = 1_048_576
const PIECE_BYTES = 65_536
/** `GATEWRIGHT_CROWD_MIB=50` is what the promise speaks of; the bytes that go to clients are a thousand times as many. */
const OBJECT_MIB = Number(process.env.GATEWRIGHT_CROWD_MIB ?? 4)
const CLIENTS = 1_000
const ARRIVAL_MS = 10_000
/** Before its head, and from there to the last byte: some come before the one, and some after the other. */
const HEAD_MS = 500
const SERVICE_MS = 8_000

interface Reading {
  bytes: number
  same: boolean
  ended: boolean
  error: unknown
}

/** A slow service, its object, and clients that compare what they get with it. */
function world(options: { sizeBytes: number; maxEntryBytes: number; serviceMs: number }) {
  const { sizeBytes, maxEntryBytes, serviceMs } = options
  const clock = virtualClock()
  const object = pattern(sizeBytes)
  let asked = 0
  const stored = cache({ maxBytes: maxEntryBytes * 2, maxEntryBytes })
  const app = proxy()
    .use(stored)
    .route('/', async () => {
      asked++
      await pause(clock, HEAD_MS)
      return respond(200, slowly(object, serviceMs, clock), { 'Cache-Control': 'max-age=3600' })
    })
    .handler()
  async function read(afterMs: number, pauseMs: number, path = '/film'): Promise<Reading> {
    await pause(clock, afterMs)
    const reading: Reading = { bytes: 0, same: true, ended: false, error: undefined }
    const { body } = await app(exchange({ url: `http://shop.example${path}`, clock }))
    // As a connection takes it: an iteration would have chunks of its own.
    const source = body.take()
    return new Promise((resolve) => {
      source.open({
        onChunk(chunk) {
          const there = object.subarray(reading.bytes, reading.bytes + chunk.byteLength)
          if (Buffer.compare(chunk, there) !== 0) reading.same = false
          reading.bytes += chunk.byteLength
          if (pauseMs > 0) {
            source.pause()
            clock.setTimeout(() => source.resume(), pauseMs)
          }
          return true
        },
        onEnd: () => resolve({ ...reading, ended: true }),
        onError: (error) => resolve({ ...reading, error }),
      })
    })
  }
  return { clock, stored, read, asked: () => asked }
}

/** The most memory for bytes that was in use at any full second, above what there was before. */
async function mostHeld(clock: VirtualClock, all: Promise<unknown>): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = () => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const before = held()
  let most = 0
  let over = false
  void all.then(() => {
    over = true
  })
  while (!over) {
    await clock.advance('1s')
    most = Math.max(most, held() - before)
  }
  return most
}

test('a thousand clients of one cold object: one question, the same bytes, the object in memory once', async () => {
  const sizeBytes = OBJECT_MIB * MIB
  const { clock, stored, read, asked } = world({
    sizeBytes,
    maxEntryBytes: 2 * sizeBytes,
    serviceMs: SERVICE_MS,
  })
  const random = seededRandom(7)
  const readings = Promise.all(
    // Every tenth is slower than the service.
    Array.from({ length: CLIENTS }, (_, i) => read(random() * ARRIVAL_MS, i % 10 === 0 ? 300 : 0)),
  )
  const most = await mostHeld(clock, readings)
  for (const reading of await readings)
    expect(reading).toEqual({ bytes: sizeBytes, same: true, ended: true, error: undefined })
  expect(asked()).toBe(1)
  expect(stored.entries).toBe(1)
  expect(most).toBeLessThan(1.25 * sizeBytes + 8 * MIB)
  // And nobody who comes later asks for it again.
  expect((await clock.until(read(0, 0))).bytes).toBe(sizeBytes)
  expect(asked()).toBe(1)
}, 300_000)

test('an object that is too long to be kept costs no more than its window, however slow one reader is', async () => {
  const sizeBytes = 24 * MIB
  const { clock, stored, read, asked } = world({ sizeBytes, maxEntryBytes: 2 * MIB, serviceMs: 1_000 })
  const readings = Promise.all(Array.from({ length: 50 }, (_, i) => read(0, i === 0 ? 100 : 0)))
  const most = await mostHeld(clock, readings)
  for (const reading of await readings)
    expect(reading).toEqual({ bytes: sizeBytes, same: true, ended: true, error: undefined })
  expect([asked(), stored.entries]).toEqual([1, 0])
  expect(most).toBeLessThan(6 * MIB)
})

test('many cold objects at once hold what their budget has, and a little each', async () => {
  const objects = 100
  const maxBytes = 16 * MIB
  const { clock, read, asked } = world({ sizeBytes: 4 * MIB, maxEntryBytes: maxBytes / 2, serviceMs: 100 })
  const readings = Promise.all(Array.from({ length: objects }, (_, i) => read(0, 100, `/film/${i}`)))
  const most = await mostHeld(clock, readings)
  for (const reading of await readings)
    expect(reading).toEqual({ bytes: 4 * MIB, same: true, ended: true, error: undefined })
  expect(asked()).toBe(objects)
  // Those that are stored, those that are being kept, and of each other what is kept of any, and what has come since.
  expect(most).toBeLessThan(2 * maxBytes + objects * 4 * PIECE_BYTES)
})

/** No two pieces of it are the same. */
function pattern(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at)
  return bytes
}

/** Its pieces, each in memory of its own, as they come from a socket. */
async function* slowly(bytes: Buffer, durationMs: number, clock: VirtualClock) {
  const pauseMs = (durationMs * PIECE_BYTES) / bytes.byteLength
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    yield Buffer.from(bytes.subarray(at, at + PIECE_BYTES))
    await pause(clock, pauseMs)
  }
}

function pause(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms)
  })
}
