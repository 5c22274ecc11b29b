import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { answer, client, gateway, onRealSockets, type Peer, rawUpstream, testNetwork } from './support.ts'

// Memory that was read into is used again as soon as it may. Too soon would give one client the bytes of another.
// The memory in question is that of the system's sockets.
onRealSockets()

const MIB = 1024 * 1024

function bodyOf(size: number, salt: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let i = 0; i < size; i += 4) bytes.writeUInt32LE((i ^ (salt * 0x1000193)) >>> 0, i)
  return bytes
}

const hash = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

/** Answers `/size/salt` by a length, `/size/salt/chunked` in chunks. */
async function service() {
  return (await rawUpstream()).answer(({ target }) => {
    const [, size, salt, chunked] = target.split('/')
    const bytes = bodyOf(Number(size), Number(salt))
    if (chunked === undefined)
      return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes])
    const parts: Buffer[] = [Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')]
    for (let at = 0; at < bytes.length; at += 30_000) {
      const piece = bytes.subarray(at, at + 30_000)
      parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
    }
    return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
  })
}

const get = (from: Peer, path: string) => from.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)

const settled = () => testNetwork().settled()

for (const form of ['', '/chunked']) {
  it(`what waits for a slow client is not overwritten by what another one gets${form}`, async () => {
    const upstream = await service()
    const app = await gateway(upstream)
    const [one, two] = [await client(app), await client(app)]
    // The first client's small response leaves at once; the memory of its read goes on to be used.
    await get(one, `/40000/1${form}`)
    expect(hash((await one.response()).body)).toBe(hash(bodyOf(40_000, 1)))
    // On the same upstream connection, a response that its client does not take.
    two.pause()
    await get(two, `/${24 * MIB}/2${form}`)
    await settled()
    // The first client makes others wait, and lets them go.
    for (let i = 0; i < 3; i++) {
      one.pause()
      await get(one, `/${16 * MIB}/3${form}`)
      await settled()
      one.resume()
      expect(hash((await one.response()).body)).toBe(hash(bodyOf(16 * MIB, 3)))
    }
    two.resume()
    expect(hash((await two.response()).body)).toBe(hash(bodyOf(24 * MIB, 2)))
  }, 30_000)
}

it('clients that come, wait and leave at random places get their own bytes alone', async () => {
  const upstream = await service()
  const app = await gateway(upstream)
  let seed = 7
  const random = (n: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return seed % n
  }
  const converse = async (salt: number): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      const from = await client(app)
      const size = [4_000, 20_000, 70_000, MIB, 6 * MIB][random(5)]!
      const slow = random(2) === 0
      if (slow) from.pause()
      await get(from, `/${size}/${salt}${random(2) === 0 ? '' : '/chunked'}`)
      if (slow) await settled()
      if (random(4) === 0) {
        from.reset()
        continue
      }
      from.resume()
      expect(hash((await from.response()).body)).toBe(hash(bodyOf(size, salt)))
      from.close()
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, salt) => converse(salt)))
}, 30_000)

it('a tunnel that waits keeps its bytes', async () => {
  const upstream = await rawUpstream()
  const app = await gateway(upstream)
  const { SWITCHED, WEBSOCKET } = await import('./support.ts')
  const from = await client(app)
  await from.send(WEBSOCKET)
  const peer = await upstream.accept()
  await peer.request()
  await peer.send(SWITCHED)
  await from.until('\r\n\r\n')
  from.pause()
  const bytes = bodyOf(16 * MIB, 5)
  void peer.send(bytes)
  await settled()
  const other = await client(app)
  const second = (async () => {
    const service2 = await upstream.accept()
    await service2.request()
    await service2.send(answer(200, 'y'.repeat(8 * MIB)))
  })()
  await get(other, '/')
  expect((await other.response()).body.length).toBe(8 * MIB)
  await second
  from.resume()
  expect(hash(await from.bytes(bytes.length))).toBe(hash(bytes))
  from.close()
}, 30_000)
