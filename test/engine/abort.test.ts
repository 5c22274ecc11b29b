import { expect, it } from 'vitest'
import { HeaderList } from '../../src/core/headers.ts'
import {
  Body,
  type Handler,
  type Outcome,
  onRequest,
  proxy,
  ResponseMessage,
  respond,
} from '../../src/index.ts'
import { memoryNetwork, rawClient, virtualClock } from '../../src/testing/index.ts'

const GET = 'GET / HTTP/1.1\r\nHost: proxy\r\n\r\n'

/** A proxy in memory whose own handler answers. */
async function world(handler: Handler) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const outcomes: Outcome[] = []
  const app = await proxy()
    .listen({ port: 80, host: 'proxy' })
    .use(onRequest((exchange) => exchange.onComplete((outcome) => outcomes.push(outcome))))
    .route('/', handler)
    .start({ signals: false, surroundings: { clock, network } })
  const client = await rawClient(network, app.url)
  const end = async () => {
    await client.close()
    await clock.until(app.close())
    await clock.advance(0)
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  }
  return { clock, client, outcomes, end }
}

it('an exchange that is given up while its handler is at work is answered, and the connection ends', async () => {
  const { clock, client, outcomes, end } = await world((exchange) => {
    exchange.abort()
    return new Promise(() => {})
  })
  await client.send(GET + GET)
  await clock.advance(0)
  const response = await client.response()
  expect([response.status, response.headers.find(([name]) => name === 'Connection')?.[1]]).toEqual([
    503,
    'close',
  ])
  await clock.advance('3s')
  expect([client.ended, outcomes.map(({ result, status }) => [result, status])]).toEqual([
    true,
    [['completed', 503]],
  ])
  await end()
})

it('an exchange that is given up while its own body streams breaks the response off', async () => {
  let cleaned = false
  const { clock, client, outcomes, end } = await world((exchange) => {
    const chunks = async function* () {
      try {
        yield Buffer.from('begun')
        exchange.abort()
        await new Promise(() => {})
      } finally {
        cleaned = true
      }
    }
    return new ResponseMessage(200, new HeaderList(), Body.from(chunks()))
  })
  await client.send(GET)
  await clock.advance('3s')
  const bytes = client.unread.toString()
  expect(bytes).toContain('begun')
  expect(bytes).not.toContain('\r\n0\r\n')
  expect([client.ended, outcomes.map(({ result }) => result), cleaned]).toEqual([true, ['failed'], false])
  await end()
})

it('a large body of bytes goes out as the client takes it', async () => {
  const size = 4 * 1024 * 1024
  const { clock, client, outcomes, end } = await world(() => respond(200, Buffer.alloc(size, 'x')))
  client.pause()
  await client.send(GET)
  await clock.advance(0)
  expect(outcomes).toEqual([])
  client.resume()
  expect((await clock.until(client.response())).body.length).toBe(size)
  expect(outcomes).toMatchObject([{ result: 'completed', bytesSent: size }])
  await end()
})
