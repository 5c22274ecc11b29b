import { describe, expect, test } from 'vitest'
import { MessageWire } from './message-wire.ts'

/** The heads of the messages that ended, one list for each write. */
async function ends(...writes: readonly (string | Uint8Array)[]): Promise<string[][]> {
  let heads: string[] = []
  const wire = new MessageWire(1, { message: (head) => heads.push(head), closed: () => {} })
  const all: string[][] = []
  for (const data of writes) {
    heads = []
    wire.write(data)
    await Promise.resolve()
    all.push(heads)
  }
  return all
}

describe('MessageWire', () => {
  const bare = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  const sized = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n'
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n'

  test('sees the end of messages without a body, with one, and of the next one', async () => {
    expect(await ends(bare, sized, 'ab', Buffer.from('cd'), `${sized}abcd`, '', bare)).toEqual([
      [bare],
      [],
      [],
      [sized],
      [sized],
      [],
      [bare],
    ])
  })

  test('sees the end of a body in chunks, whatever the pieces are', async () => {
    expect(await ends(chunked, '5\r\n0\r\n\r\n', '\r\n0\r\n', 'Grpc-Status: 0\r\n', '\r\n', bare)).toEqual([
      [],
      [],
      [],
      [],
      [chunked],
      [bare],
    ])
    expect(await ends(`${chunked}0\r\n\r\n`)).toEqual([[chunked]])
  })

  test('tells that it was closed, once', () => {
    let closed = 0
    const wire = new MessageWire(1, { message: () => {}, closed: () => closed++ })
    wire.end()
    wire.reset()
    expect(closed).toBe(1)
  })
})
