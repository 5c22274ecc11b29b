import { describe, expect, it } from 'vitest'
import { streamIdleTimeout } from '../../src/filters/index.ts'
import type { Filter } from '../../src/index.ts'
import { rawHttp2Service } from '../http2/raw-http2-service.ts'
import { http2Client } from '../http2/server-support.ts'
import { client, gateway, rawUpstream, testClock, testNetwork } from './support.ts'

const filters = [streamIdleTimeout('10m')]
const settled = () => testNetwork().settled()
/** Nearly all of the time, and the rest of it. */
const ALMOST = 599_900
const REST = 200

describe('streamIdleTimeout, over HTTP/2', () => {
  async function world() {
    const service = await rawHttp2Service()
    const app = await gateway(service.url, { filters, pool: { http2: true } })
    return { service, app, from: await http2Client(app) }
  }

  it('is the time that a request body has for its next byte', async () => {
    const { service, app, from } = await world()
    const id = from.request({ method: 'POST', open: true })
    await service.request(1, 1)
    for (let i = 0; i < 2; i++) {
      await testClock().advance(ALMOST)
      from.data(id, 'x')
      await settled()
    }
    expect(from.stream(id).status).toBe(0)
    // The limit is looked at once in its time.
    await testClock().advance(2 * (ALMOST + REST))
    expect((await from.response(id)).status).toBe(408)
    expect((await app.outcome()).error?.code).toBe('request_body_timeout')
  })

  it('is the time that a head has', async () => {
    const { service, app, from } = await world()
    const id = from.request()
    await service.request(1, 1)
    await testClock().advance(ALMOST)
    expect(from.stream(id).status).toBe(0)
    await testClock().advance(REST)
    expect((await from.response(id)).status).toBe(504)
    expect((await app.outcome()).error?.code).toBe('upstream_head_timeout')
  })

  it('is the time between two pieces of a response', async () => {
    const { service, app, from } = await world()
    const id = from.request()
    const peer = await service.request(1, 1)
    peer.head(1, [[':status', '200']], false)
    for (const bytes of [4, 8]) {
      peer.data(1, 'some')
      await from.until('a part', () => from.stream(id).bytes === bytes)
      await testClock().advance(ALMOST)
      expect(from.stream(id).reset).toBeUndefined()
    }
    await testClock().advance(REST)
    expect((await from.response(id)).reset).toBe('INTERNAL_ERROR')
    expect((await app.outcome()).error?.code).toBe('upstream_body_timeout')
  })
})

describe('streamIdleTimeout, over HTTP/1.1', () => {
  async function world(attemptFilters: Filter[] = []) {
    const service = await rawUpstream()
    const app = await gateway(service, { filters, attemptFilters })
    return { service, app, from: await client(app) }
  }

  it('is the time that a request body has for its next byte', async () => {
    const { service, app, from } = await world()
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    await service.accept()
    for (let i = 0; i < 2; i++) {
      await testClock().advance(ALMOST)
      await from.send('1\r\nx\r\n')
      await settled()
    }
    expect(app.outcomes).toHaveLength(0)
    await testClock().advance(2 * (ALMOST + REST))
    expect((await from.response()).status).toBe(408)
    expect((await app.outcome()).error?.code).toBe('request_body_timeout')
  })

  it.each<[string, Filter[]]>([
    ['', []],
    [', behind filters of the pool', [(exchange, next) => next(exchange)]],
  ])('is the time that a head has%s', async (_, attemptFilters) => {
    const { service, app, from } = await world(attemptFilters)
    await from.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await (await service.accept()).request()
    await testClock().advance(ALMOST)
    expect(app.outcomes).toHaveLength(0)
    await testClock().advance(REST)
    expect((await from.response()).status).toBe(504)
    expect((await app.outcome()).error?.code).toBe('upstream_head_timeout')
  })

  it('is the time between two pieces of a response', async () => {
    const { service, app, from } = await world()
    await from.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const peer = await service.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let i = 0; i < 2; i++) {
      await peer.send('4\r\nsome\r\n')
      await testClock().advance(ALMOST)
      expect(app.outcomes).toHaveLength(0)
    }
    await testClock().advance(REST)
    expect((await app.outcome()).error?.code).toBe('upstream_body_timeout')
  })
})

it('refuses what is no time', () => {
  for (const wrong of [0, -1, '10', Number.NaN])
    expect(() => streamIdleTimeout(wrong as number)).toThrow('streamIdleTimeout: "idleMs" must be a duration')
  expect(streamIdleTimeout(Infinity).name).toBe('streamIdleTimeout')
})
