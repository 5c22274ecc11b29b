import { expect, it } from 'vitest'
import { memoryWorld } from './memory-world.ts'
import { client, gateway, onRealSockets, type Peer, rawUpstream, testNetwork } from './support.ts'

// Pieces of one read share its memory. Each response is filled with one letter, so that a foreign byte shows.
// The memory in question is that of the system's sockets.
onRealSockets()

const chunk = (size: number, letter: string): Buffer =>
  Buffer.from(`${size.toString(16)}\r\n${letter.repeat(size)}\r\n`)
const HEAD = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
const LETTERS = 'ABCDEFGHIJKL'.split('')
const LARGE = 20_480

const get = (from: Peer, path: string) => from.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)

/** What is in the bytes apart from this letter. */
function foreign(bytes: Uint8Array, letter: string): number {
  return Buffer.from(bytes).toString('latin1').replaceAll(letter, '').length
}

/** Answers `/letter/rounds` with so many times a large, a small and a large chunk. */
async function service() {
  return (await rawUpstream()).answer(({ target }) => {
    const [, letter = '', rounds] = target.split('/')
    const parts: Buffer[] = [HEAD]
    for (let i = 0; i < Number(rounds); i++)
      parts.push(chunk(LARGE, letter), chunk(10, letter), chunk(LARGE, letter))
    return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
  })
}

it('large, small and large chunks that came with the head: each client gets its own', async () => {
  const app = await gateway(await service())
  const clients = await Promise.all(LETTERS.map(() => client(app)))
  for (let turn = 0; turn < 4; turn++) {
    await Promise.all(
      clients.map(async (from, i) => {
        const letter = LETTERS[(i + turn) % LETTERS.length]!
        await get(from, `/${letter}/1`)
        const { body } = await from.response()
        expect([body.length, foreign(body, letter)]).toEqual([2 * LARGE + 10, 0])
      }),
    )
  }
})

it('the same, to clients that wait', async () => {
  const app = await gateway(await service())
  const clients = await Promise.all(LETTERS.map(() => client(app)))
  const rounds = (i: number) => (i % 2 === 0 ? 120 : 2)
  for (const [i, from] of clients.entries()) {
    if (i % 2 === 0) from.pause()
    await get(from, `/${LETTERS[i]!}/${rounds(i)}`)
  }
  await testNetwork().settled()
  for (const [i, from] of clients.entries()) {
    from.resume()
    const { body } = await from.response()
    expect([body.length, foreign(body, LETTERS[i]!)]).toEqual([rounds(i) * (2 * LARGE + 10), 0])
  }
}, 30_000)

it('a large chunk that a fault follows in the same read stays what it is until it was sent', async () => {
  const size = 40_000
  let go = (): void => {}
  const goes = new Promise<void>((resolve) => {
    go = resolve
  })
  const { clock, connect } = await memoryWorld({
    answer: {
      headers: [['Transfer-Encoding', 'chunked']],
      framing: 'close',
      body: (async function* () {
        yield chunk(size, 'a')
        await goes
        yield Buffer.concat([chunk(size, 'a'), Buffer.from('garbage\r\n')])
      })(),
    },
  })
  const from = await connect()
  from.pause()
  await from.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await clock.advance(0)
  go()
  await clock.advance(0)
  from.resume()
  await clock.advance('3s')
  const bytes = from.unread
  const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  expect([from.ended, body.includes(0xdb), body.includes('\r\n0\r\n')]).toEqual([true, false, false])
  expect(body.toString('latin1').replaceAll('a', '')).toMatch(/^9c40\r\n(\r\n(9c40\r\n(\r\n)?)?)?$/)
})
