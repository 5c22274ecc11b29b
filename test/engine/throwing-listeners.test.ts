import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Filter, ProxyError, respond } from '../../src/index.ts'
import { memoryWorld } from './memory-world.ts'

// What a listener or a filter throws is its own exchange's alone. An uncaught error would fail the whole run.

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

const throwing = (): never => {
  throw new Error('a mistake in a listener')
}

/** Has a listener that throws at the end of every response. */
const throwAtClose: Filter = async (exchange, next) => {
  const response = await next(exchange)
  response.body.onClose(throwing)
  return response
}

const said = vi.spyOn(console, 'error')

beforeEach(() => {
  said.mockImplementation(() => {})
})

afterEach(() => {
  said.mockReset()
})

it('a body.onClose listener that throws when the client leaves: the next client is served', async () => {
  let cleaned = 0
  const { clock, outcomes, app, connect } = await memoryWorld({
    handler: ({ request }) => {
      if (request.path !== '/stream') return respond(200, 'fine')
      const chunks = async function* () {
        try {
          yield Buffer.from('begun')
          await new Promise(() => {})
        } finally {
          cleaned++
        }
      }
      const response = respond(200, chunks())
      response.body.onClose(throwing)
      return response
    },
  })
  const leaves = await connect()
  await leaves.send(get('/stream'))
  await clock.advance(0)
  expect(leaves.unread.toString()).toContain('begun')
  await leaves.reset()
  await clock.advance(0)
  expect([app.connections, outcomes.map(({ result }) => result)]).toEqual([0, ['aborted']])
  const next = await connect()
  await next.send(GET)
  const response = await clock.until(next.response())
  expect([response.status, response.body.toString(), cleaned]).toEqual([200, 'fine', 0])
  expect(said.mock.calls.flat().join(' ')).toContain('onClose')
})

it('a body.onClose listener that throws when the client leaves: the connection to the service is closed', async () => {
  const { clock, service, app, outcomes, connect } = await memoryWorld({
    answer: { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', after: 'keep' },
    filters: [throwAtClose],
    pool: { bodyIdleMs: '10m' },
  })
  for (let i = 0; i < 3; i++) {
    const from = await connect()
    await from.send(GET)
    await clock.advance(0)
    expect([from.unread.includes('hello'), service.connections]).toEqual([true, 1])
    await from.reset()
    await clock.advance(0)
    expect([app.connections, service.connections, outcomes.length]).toEqual([0, 0, i + 1])
  }
})

it('a body.onClose listener that throws when the service breaks off: the client sees a cut response', async () => {
  const { clock, service, outcomes, connect } = await memoryWorld({
    answer: { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', after: 'end' },
    filters: [throwAtClose],
  })
  const from = await connect()
  await from.send(GET)
  await clock.advance('3s')
  expect([from.ended, from.unread.includes('\r\n0\r\n'), service.connections]).toEqual([true, false, 0])
  expect(outcomes.map(({ result }) => result)).toEqual(['failed'])
})

for (const when of ['at the end of the body', 'when all is over'] as const) {
  it(`a throw ${when} of one exchange leaves the pipelined ones after it alone`, async () => {
    const world = await memoryWorld({
      handler: async ({ request }) => {
        const path: string = request.path
        await wait(path === '/1' ? 0 : path === '/2' ? 100 : 300)
        const response = respond(200, `answer to ${path}`)
        if (path === '/1' && when === 'at the end of the body') response.body.onClose(throwing)
        return response
      },
      filters: [
        (exchange, next) => {
          if (exchange.request.path === '/1' && when === 'when all is over') exchange.onComplete(throwing)
          return next(exchange)
        },
      ],
    })
    const { clock, outcomes, connect } = world
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))
    const from = await connect()
    await from.send(get('/1') + get('/2') + get('/3'))
    for (const path of ['/1', '/2', '/3']) {
      const response = await clock.until(from.response())
      expect([response.status, response.body.toString()]).toEqual([200, `answer to ${path}`])
    }
    expect(outcomes.map(({ result }) => result)).toEqual(['completed', 'completed', 'completed'])
    expect([from.unread.length, from.ended]).toEqual([0, false])
  })
}

for (const [name, filter] of [
  [
    'thrown at once',
    () => {
      throw new ProxyError('route_not_found', { headers: { 'X-Missing': 'a\nb' } })
    },
  ],
  [
    'thrown later',
    async () => {
      await Promise.resolve()
      throw new ProxyError('route_not_found', { headers: { 'X-Missing': 'a\nb' } })
    },
  ],
] as const) {
  it(`an error with a field that cannot be sent, ${name}: 500, and the next client is served`, async () => {
    const { clock, connect, outcomes } = await memoryWorld({
      filters: [(exchange, next) => (exchange.request.path === '/bad' ? filter() : next(exchange))],
    })
    const from = await connect()
    await from.send(get('/bad'))
    const response = await clock.until(from.response())
    expect([response.status, response.headers.some(([it]) => /missing/i.test(it))]).toEqual([500, false])
    expect(outcomes).toMatchObject([{ status: 500 }])
    const other = await connect()
    await other.send(get('/good'))
    expect((await clock.until(other.response())).status).toBe(200)
  })
}
