import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { onRequest, onResponse, type Transform } from '../../src/index.ts'
import {
  type FakeReply,
  fakeUpstream,
  memoryNetwork,
  type RawClient,
  rawClient,
  seededRandom,
  virtualClock,
} from '../../src/testing/index.ts'
import { gateway } from './support.ts'

// Whole proxies in memory, with everything that chance decides taken from a seed: sizes, framings, how the bytes are
// cut, where connections break. Memory that was given back is written over by the network, so a chunk that is
// used too long shows as a wrong body.

const SIZES = [0, 1, 10, 1_000, 16_383, 16_384, 16_385, 65_535, 65_536, 70_000, 300_000]
/** A larger body in pieces of a few bytes tells no more than these, and takes long. */
const SMALL_SIZES = [0, 1, 10, 1_000, 5_000]

type Random = ReturnType<typeof seededRandom>
const below = (random: Random, n: number): number => Math.floor(random() * n)
const oneOf = <T>(random: Random, all: readonly T[]): T => all[below(random, all.length)]!

/** Bytes that differ at each place and from body to body. */
function bytesOf(size: number, salt: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) + salt * 17) & 0xff
  return bytes
}

const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

async function* inPieces(bytes: Buffer, random: Random): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + below(random, 40_000)
    yield bytes.subarray(at, at + length)
    at += length
  }
}

const pass: Transform = async function* (chunks) {
  yield* chunks
}

function framed(method: string, path: string, body: Buffer, random: Random): Buffer {
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\n`
  if (method === 'GET') return Buffer.from(`${head}\r\n`)
  if (random() < 0.5)
    return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body])
  const parts: Buffer[] = [Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`)]
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + 1 + below(random, 50_000))
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
    at += piece.length
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

async function simulate(seed: number, { breaks }: { breaks: boolean }): Promise<void> {
  const random = seededRandom(seed)
  const maxChunkBytes = oneOf(random, [undefined, undefined, undefined, 7, 1_000, 20_000])
  const sizes = maxChunkBytes === 7 ? SMALL_SIZES : SIZES
  const clock = virtualClock()
  const network = memoryNetwork({
    clock,
    random,
    latencyMs: oneOf(random, [0, 0, 3]),
    windowBytes: oneOf(random, [5_000, 65_536]),
    shuffle: random() < 0.5,
    faults: {
      ...(maxChunkBytes === undefined ? {} : { maxChunkBytes }),
      ...(breaks ? { resetChance: 0.02 } : {}),
    },
  })
  const clients: RawClient[] = []
  const sent = new Map<string, string>()
  const upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 })
    .reply(({ target, body }): FakeReply => {
      const [, size = '', salt = ''] = /^\/(\d+)\/(\d+)/.exec(target) ?? []
      const bytes = bytesOf(Number(size), Number(salt))
      return {
        headers: [['X-Received', hash(body)]],
        body: random() < 0.5 ? bytes : inPieces(bytes, random),
        framing: oneOf(random, ['length', 'chunked', 'close'] as const) === 'close' ? 'close' : 'chunked',
      }
    })
    .start()
  const app = await gateway('http://service:80', {
    pool: { maxConnections: oneOf(random, [1, 3, 100]), pendingMs: '1h' },
    filters: [
      ...(random() < 0.3 ? [onResponse((response) => void response.body.transform(pass))] : []),
      ...(random() < 0.3 ? [onRequest(({ request }) => void request.body.transform(pass))] : []),
    ],
    start: { surroundings: { clock, network } },
  })
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))
  const converse = async (n: number): Promise<void> => {
    const from = await rawClient(network, app.url)
    clients.push(from)
    for (let i = 0; i < 4; i++) {
      const salt = n * 100 + i
      const size = oneOf(random, sizes)
      const method = oneOf(random, ['GET', 'POST', 'PUT'])
      const body = bytesOf(method === 'GET' ? 0 : oneOf(random, sizes), salt + 7)
      sent.set(`${salt}`, hash(body))
      void from.send(framed(method, `/${size}/${salt}`, body, random))
      if (random() < 0.2) {
        from.pause()
        await wait(1_000)
        from.resume()
      }
      const response = await from.response()
      if (response.status !== 200) {
        expect(breaks, `${response.status} without a fault`).toBe(true)
        if (response.headers.some(([name, value]) => name === 'Connection' && value === 'close')) return
        continue
      }
      if (!response.complete) {
        expect(breaks, 'cut without a fault').toBe(true)
        return
      }
      expect(hash(response.body), 'response body').toBe(hash(bytesOf(size, salt)))
      expect(response.headers).toContainEqual(['X-Received', hash(body)])
    }
  }
  const all = Promise.allSettled(Array.from({ length: 6 }, (_, n) => converse(n)))
  for (const result of await clock.until(all)) {
    // A connection that broke ends the conversation; without faults there is none.
    if (result.status === 'rejected' && !(breaks && /rawClient|reset|ended/i.test(String(result.reason))))
      throw result.reason
  }
  for (const one of clients) await one.close()
  await clock.until(app.running.close())
  await upstream.close()
  await clock.advance(0)
  expect(upstream.errors).toEqual([])
  expect(network.leaks()).toEqual([])
  for (const endpoint of app.endpoints) expect(endpoint.inFlight).toBe(0)
  for (const outcome of app.outcomes) if (outcome.error?.code === 'internal_error') throw outcome.error
  if (!breaks)
    for (const outcome of app.outcomes) expect(outcome).toMatchObject({ result: 'completed', status: 200 })
}

for (let seed = 1; seed <= 15; seed++) {
  it(`bytes arrive as they were sent, seed ${seed}`, async () => {
    await simulate(seed, { breaks: false })
  }, 20_000)
}

for (let seed = 1; seed <= 15; seed++) {
  it(`connections break anywhere, and nothing wrong is taken for whole, seed ${seed}`, async () => {
    await simulate(seed, { breaks: true })
  }, 20_000)
}
