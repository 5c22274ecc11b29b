import { expect, test } from 'vitest'
import type { Wire, WireHandler } from '../../core/network.ts'
import { memoryNetwork } from './memory-network.ts'
import { type RawClient, rawClient } from './raw-client.ts'

/** A client, and the other end as a bare wire. */
async function pair(windowBytes = 65_536): Promise<{ client: RawClient; wire: Wire; events: string[] }> {
  const network = memoryNetwork({ windowBytes })
  const events: string[] = []
  const accepted = Promise.withResolvers<Wire>()
  const { address } = await network.listen({ host: '127.0.0.1', port: 80 }, (wire) => {
    const handler: WireHandler = {
      onData: (chunk) => events.push(chunk.toString('latin1')) > 0,
      onEnd: () => events.push('end'),
      onDrain: () => events.push('drain'),
      onClose: (error) => events.push(error === undefined ? 'close' : 'reset'),
    }
    wire.handler = handler
    accepted.resolve(wire)
  })
  return { client: await rawClient(network, address), wire: await accepted.promise, events }
}

test('rawClient reads counts of bytes, in order', async () => {
  const { client, wire } = await pair()
  wire.write('abc')
  wire.write('defg')
  expect((await client.read(2)).toString()).toBe('ab')
  expect((await client.read(3)).toString()).toBe('cde')
  expect(client.unread.toString()).toBe('fg')
  wire.end()
  expect((await client.readToEnd()).toString()).toBe('fg')
  expect(client.ended).toBe(true)
  await expect(client.read(1)).rejects.toThrow('rawClient: no 1 bytes: its other side ended')
})

test('rawClient reads response after response', async () => {
  const { client, wire } = await pair()
  wire.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No')
  const first = await client.response()
  expect(first).toMatchObject({ status: 200, reason: 'Fine', body: Buffer.from('ok') })
  expect(first.informational).toMatchObject([{ status: 100 }])
  wire.write(' Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n')
  expect((await client.response()).status).toBe(204)
  expect(await client.response({ to: 'HEAD' })).toMatchObject({ status: 200, body: Buffer.alloc(0) })
  expect((await client.response()).status).toBe(304)
})

test('rawClient gives the head that opens a tunnel as it is, and leaves what follows', async () => {
  const { client, wire } = await pair()
  wire.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
  expect(await client.response({ to: 'CONNECT' })).toMatchObject({ status: 403, body: Buffer.from('no') })
  wire.write('HTTP/1.1 200 OK\r\n\r\nhello')
  expect(await client.response({ to: 'CONNECT' })).toMatchObject({
    status: 200,
    complete: true,
    body: Buffer.alloc(0),
  })
  expect((await client.read(5)).toString()).toBe('hello')
})

test('rawClient says what it got when there is no response', async () => {
  const { client, wire } = await pair()
  wire.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc')
  wire.end()
  expect(await client.response()).toMatchObject({ complete: false, body: Buffer.from('abc') })
  await expect(client.response()).rejects.toThrow('rawClient: no response: its other side ended')
  const reset = await pair()
  reset.wire.write('HTTP/1.1 2')
  reset.wire.reset()
  await expect(reset.client.response()).rejects.toThrow('"HTTP/1.1 2": read ECONNRESET')
  await expect(reset.client.readToEnd()).rejects.toThrow('ECONNRESET')
})

test('rawClient send waits for room', async () => {
  const { client, wire, events } = await pair(4)
  wire.pause()
  let sent = false
  const sending = client.send('0123456789').then(() => {
    sent = true
  })
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(sent).toBe(false)
  wire.resume()
  await sending
  await client.close()
  await client.send('ignored')
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(events).toEqual(['0123', '4567', '89', 'end'])
})

test('rawClient ends, closes, resets and pauses', async () => {
  const one = await pair()
  one.client.pause()
  one.wire.write('later')
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(one.client.unread).toHaveLength(0)
  one.client.resume()
  expect(await one.client.read(5)).toHaveLength(5)
  one.client.end()
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(one.events).toEqual(['end'])
  one.wire.end()
  expect(await one.client.closed).toBeUndefined()

  const two = await pair()
  await two.client.reset()
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(two.events).toEqual(['reset'])
})

test('rawClient rejects when nobody listens', async () => {
  await expect(rawClient(memoryNetwork(), 'http://127.0.0.1:1')).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
})
