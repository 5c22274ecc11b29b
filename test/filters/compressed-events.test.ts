import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'
import { expect, test } from 'vitest'
import { compress } from '../../src/filters/compress.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'

/** A service whose events are sent when the test says so, behind a proxy that compresses, on real sockets. */
async function world() {
  const asked = Promise.withResolvers<ServerResponse>()
  const service = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    asked.resolve(response)
  })
  await once(service.listen(0, '127.0.0.1'), 'listening')
  const { port } = service.address() as AddressInfo
  const filter = compress()
  const running = await proxy()
    .listen({ port: 0, host: '127.0.0.1' })
    .route('/', filter, pool([`http://127.0.0.1:${port}`]))
    .start({ signals: false })
  return {
    url: running.url,
    filter,
    response: asked.promise,
    async [Symbol.asyncDispose]() {
      await running.close()
      service.close()
      service.closeAllConnections()
    },
  }
}

const DECODE = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress }

test.each(['gzip', 'br', 'zstd'] as const)(
  'events in %s reach a client of node:http one by one: each is sent when the one before was read',
  async (coding) => {
    await using it = await world()
    const request = get(it.url, { headers: { 'accept-encoding': coding } })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    expect([answer.headers['content-encoding'], answer.headers.vary]).toEqual([coding, 'Accept-Encoding'])
    const events = answer.pipe(DECODE[coding]()).setEncoding('utf8')
    const service = await it.response
    for (let i = 0; i < 20; i++) {
      service.write(`id: ${i}\ndata: ${'x'.repeat(i)}\n\n`)
      const [event] = (await once(events, 'data')) as [string]
      expect(event).toBe(`id: ${i}\ndata: ${'x'.repeat(i)}\n\n`)
    }
    expect(it.filter.streams).toBe(1)
    const left = once(service, 'close')
    request.destroy()
    await left
    expect(it.filter.streams).toBe(0)
  },
)

test.each(['gzip', 'br', 'zstd'] as const)(
  'events in %s reach fetch, which decompresses them',
  async (coding) => {
    await using it = await world()
    const answer = await fetch(it.url, { headers: { 'accept-encoding': coding } })
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    const service = await it.response
    for (let i = 0; i < 5; i++) {
      service.write(`data: ${i}\n\n`)
      expect(await reader.read()).toEqual({ done: false, value: `data: ${i}\n\n` })
    }
    service.end('data: last\n\n')
    expect(await reader.read()).toEqual({ done: false, value: 'data: last\n\n' })
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    expect(it.filter.streams).toBe(0)
  },
)
