import { expect, it } from 'vitest'
import { type Filter, respond, type Transform } from '../../src/index.ts'
import { memoryWorld } from './memory-world.ts'

const BODY_IDLE_MS = 30_000
const POST = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`

const pass: Transform = async function* (chunks) {
  yield* chunks
}
const reads: Filter = async ({ request }) => respond(200, await request.body.text())
const transforms: Filter = (exchange, next) => {
  exchange.request.body.transform(pass)
  return next(exchange)
}
const iterates: Filter = async ({ request }) => {
  let size = 0
  for await (const chunk of request.body) size += chunk.byteLength
  return respond(200, `${size}`)
}

for (const [name, filters] of [
  ['the service', []],
  ['a filter by text()', [reads]],
  ['a filter chunk by chunk', [iterates]],
  ['the service through a transform', [transforms]],
  ['a filter by text() through a transform', [transforms, reads]],
] as const) {
  it(`one byte at a time, read by ${name}, ends with 408`, async () => {
    const { clock, outcomes, connect } = await memoryWorld({
      filters: [...filters],
      listen: { limits: { bodyIdleMs: BODY_IDLE_MS } },
    })
    const from = await connect()
    await from.send(POST(100_000))
    for (let i = 0; i < 3; i++) {
      await from.send('a')
      await clock.advance(BODY_IDLE_MS / 3)
    }
    const response = await clock.until(from.response())
    expect([response.status, clock.now() <= BODY_IDLE_MS + 10]).toEqual([408, true])
    await clock.advance('3s')
    expect(outcomes.map(({ status, error }) => [status, error?.code])).toEqual([
      [408, 'request_body_timeout'],
    ])
  })
}

for (const [name, transformed] of [
  ['as they are', []],
  ['through a transform', [transforms]],
] as const) {
  it(`a client whose bytes we leave lying, ${name}, is not cut`, async () => {
    const size = 500_000
    const { clock, connect } = await memoryWorld({
      listen: { limits: { bodyIdleMs: BODY_IDLE_MS } },
      filters: [
        ...transformed,
        async ({ request }) => {
          let read = 0
          for await (const chunk of request.body) {
            read += chunk.byteLength
            // Longer than the client would be given.
            await wait(BODY_IDLE_MS * 1.7)
          }
          return respond(200, `${read}`)
        },
      ],
    })
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))
    const from = await connect()
    void from.send(POST(size))
    void from.send(Buffer.alloc(size, 'x'))
    const response = await clock.until(from.response())
    expect([response.status, response.body.toString()]).toEqual([200, `${size}`])
    expect(clock.now()).toBeGreaterThan(5 * BODY_IDLE_MS)
  })
}
