import { expect, it } from 'vitest'
import { type Filter, onRequest, respond } from '../../src/index.ts'
import { answer, client, GET, gateway, OK, rawUpstream, testNetwork } from './support.ts'

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

it('requests of one read are served one after the other, in order', async () => {
  const upstream = (await rawUpstream()).answer(({ target }) => answer(200, target))
  const app = await gateway(upstream)
  const from = await client(app)
  await from.send(get('/1') + get('/2') + get('/3') + get('/4'))
  const bodies = []
  for (let i = 0; i < 4; i++) bodies.push((await from.response()).body.toString())
  expect(bodies).toEqual(['/1', '/2', '/3', '/4'])
  expect(upstream.peers).toHaveLength(1)
})

it('a slow first answer holds the later ones back, even those that need no upstream', async () => {
  const upstream = await rawUpstream()
  const local: Filter = (exchange, next) =>
    exchange.request.path === '/local' ? respond(200, 'local') : next(exchange)
  const app = await gateway(upstream, { filters: [local] })
  const from = await client(app)
  await from.send(get('/slow') + get('/local') + get('/local'))
  const peer = await upstream.accept()
  await peer.request()
  await peer.send(answer(200, 'slow'))
  expect((await from.response()).body.toString()).toBe('slow')
  expect((await from.response()).body.toString()).toBe('local')
  expect((await from.response()).body.toString()).toBe('local')
})

it('a request that arrives byte by byte while another is served is not lost', async () => {
  const upstream = await rawUpstream()
  const app = await gateway(upstream)
  const from = await client(app)
  await from.send(get('/1'))
  const peer = await upstream.accept()
  await peer.request()
  for (const byte of get('/2')) await from.send(byte)
  await peer.send(answer(200, '1'))
  expect((await peer.request()).target).toBe('/2')
  await peer.send(answer(200, '2'))
  expect((await from.response()).body.toString()).toBe('1')
  expect((await from.response()).body.toString()).toBe('2')
})

it('a head that comes byte by byte is one request', async () => {
  const upstream = (await rawUpstream()).answer(() => OK)
  const app = await gateway(upstream)
  const from = await client(app)
  for (const byte of get('/x')) await from.send(byte)
  expect((await from.response()).status).toBe(200)
})

it('bodies between pipelined heads stay in place', async () => {
  const upstream = (await rawUpstream()).answer(({ body, target }) =>
    answer(200, `${target}:${body.toString()}`),
  )
  const app = await gateway(upstream)
  const from = await client(app)
  const post = (path: string, framing: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${framing}`
  await from.send(
    post('/1', 'Content-Length: 3\r\n\r\nabc') +
      post('/2', 'Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\n\r\n') +
      post('/3', 'Content-Length: 0\r\n\r\n') +
      get('/4'),
  )
  const bodies = []
  for (let i = 0; i < 4; i++) bodies.push((await from.response()).body.toString())
  expect(bodies).toEqual(['/1:abc', '/2:def', '/3:', '/4:'])
})

it('what follows a request with Connection: close is not served', async () => {
  let served = 0
  const app = await gateway(await rawUpstream(), {
    filters: [
      onRequest(() => {
        served++
        return respond(200, 'ok')
      }),
    ],
  })
  const from = await client(app)
  await from.send(get('/1', 'Connection: close\r\n') + get('/2'))
  expect((await from.response()).header('connection')).toBe('close')
  expect(await from.rest()).toBe('')
  expect(served).toBeLessThan(5)
})

it('what follows a malformed request is not served', async () => {
  let served = 0
  const app = await gateway(await rawUpstream(), {
    filters: [
      onRequest(() => {
        served++
        return respond(200, 'ok')
      }),
    ],
  })
  const from = await client(app)
  await from.send(`${GET}GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n${GET}`)
  expect((await from.response()).status).toBe(200)
  const refused = await from.response()
  expect(refused.status).toBe(400)
  expect(refused.header('connection')).toBe('close')
  expect(await from.rest()).toBe('')
  expect(served).toBeLessThan(5)
})

it('an unread request body between two requests is dropped, not taken for a request', async () => {
  const app = await gateway(await rawUpstream(), { filters: [onRequest(() => respond(200, 'ok'))] })
  const from = await client(app)
  await from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${GET.length + 20_000}\r\n\r\n${GET}`)
  expect((await from.response()).header('connection')).toBeUndefined()
  await from.send('y'.repeat(20_000) + GET)
  expect((await from.response()).status).toBe(200)
  await from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n`)
  expect((await from.response()).status).toBe(200)
  await from.send(`abc${GET}`)
  expect((await from.response()).status).toBe(200)
  expect(app.outcomes).toHaveLength(4)
})

it('a thousand requests in one write are all answered', async () => {
  const upstream = (await rawUpstream()).answer(() => OK)
  const app = await gateway(upstream)
  const from = await client(app)
  void from.send(GET.repeat(1_000))
  for (let i = 0; i < 1_000; i++) expect((await from.response()).status).toBe(200)
  expect(app.outcomes).toHaveLength(1_000)
})

it('a thousand requests answered at once, without an upstream, do not grow the stack', async () => {
  const app = await gateway(await rawUpstream(), { filters: [onRequest(() => respond(200, 'ok'))] })
  const from = await client(app)
  void from.send(GET.repeat(5_000))
  for (let i = 0; i < 5_000; i++) expect((await from.response()).status).toBe(200)
})

it('a client that pipelines and does not read gets no further answers made', async () => {
  let served = 0
  const app = await gateway(await rawUpstream(), {
    filters: [
      onRequest(() => {
        served++
        return respond(200, Buffer.alloc(60_000))
      }),
    ],
  })
  const from = await client(app)
  from.pause()
  await from.send(GET.repeat(200))
  await testNetwork().settled()
  expect(served).toBeLessThan(5)
  from.resume()
  for (let i = 0; i < 200; i++) expect((await from.response()).body.length).toBe(60_000)
})
