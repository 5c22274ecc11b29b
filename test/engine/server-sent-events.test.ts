import { describe, expect, it } from 'vitest'
import { http2Client } from '../http2/server-support.ts'
import { client, gateway, rawUpstream } from './support.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
const event = (id: number) => `id: ${id}\ndata: ${id}\n\n`
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

describe('a stream of events', () => {
  it('leaves event by event, over HTTP/1.1', async () => {
    const service = await rawUpstream()
    const from = await client(await gateway(service))
    await from.send('GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n')
    const peer = await service.accept()
    expect((await peer.request()).header('last-event-id')).toBe('41')
    // The client has the head before there is any event.
    await peer.send(HEAD)
    expect(await from.until('\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\n/i,
    )
    for (const id of [42, 43, 44]) {
      // The next one is sent when this one has arrived.
      await peer.send(chunk(event(id)))
      expect(await from.until('\n\n\r\n')).toBe(chunk(event(id)))
    }
    from.close()
    await peer.over
  })

  it('leaves event by event, over HTTP/2', async () => {
    const service = await rawUpstream()
    const from = await http2Client(await gateway(service))
    const id = from.request({ path: '/events', fields: [['last-event-id', '41']] })
    const peer = await service.accept()
    expect((await peer.request()).header('last-event-id')).toBe('41')
    await peer.send(HEAD)
    await from.until('a head', () => from.stream(id).status === 200)
    let text = ''
    for (const number of [42, 43, 44]) {
      text += event(number)
      await peer.send(chunk(event(number)))
      await from.until('an event', () => from.stream(id).text === text)
    }
    // A client that leaves ends the work of the service.
    from.reset(id, 8)
    await peer.over
  })
})
