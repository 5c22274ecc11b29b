import { expect, it } from 'vitest'
import { onResponse } from '../../src/index.ts'
import { memoryWorld } from './memory-world.ts'

it('a field that CGI reads as one that means something does not reach the service', async () => {
  const { clock, service, connect } = await memoryWorld()
  const from = await connect()
  await from.send(
    'GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 10.0.0.1\r\nX-Forwarded_Proto: https\r\nx_real_ip: 10.0.0.1\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\nX_Custom: kept\r\n\r\n',
  )
  expect((await clock.until(from.response())).status).toBe(200)
  const [request] = service.requests
  expect(request!.headers.filter(([name]) => name.includes('_'))).toEqual([['X_Custom', 'kept']])
  expect([request!.header('x-forwarded-for'), request!.header('x-forwarded-proto')]).toEqual([
    '127.0.0.1',
    'http',
  ])
})

it('as a trailer it is refused, as the real one is', async () => {
  for (const [name, status] of [
    ['X-Forwarded-For', 400],
    ['X_Forwarded_For', 400],
    ['X_Custom', 200],
  ] as const) {
    const { clock, connect } = await memoryWorld()
    const from = await connect()
    await from.send(
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n${name}: 10.0.0.1\r\n\r\n`,
    )
    expect([name, (await clock.until(from.response())).status]).toEqual([name, status])
  }
})

it("a service's Alt-Svc would lead clients past the proxy; one that a filter sets is meant", async () => {
  const offer = { headers: { 'Alt-Svc': 'h3=":443"', 'alt-svc': 'h2="other:443"', 'X-Kept': 'yes' } }
  for (const [filters, expected] of [
    [[], []],
    [[onResponse((response) => void response.headers.set('Alt-Svc', 'h3=":8443"'))], ['h3=":8443"']],
  ] as const) {
    const { clock, connect } = await memoryWorld({ answer: offer, filters: [...filters] })
    const from = await connect()
    await from.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const { headers } = await clock.until(from.response())
    expect(headers.filter(([name]) => name.toLowerCase() === 'alt-svc').map(([, value]) => value)).toEqual(
      expected,
    )
    expect(headers.some(([name]) => name === 'X-Kept')).toBe(true)
  }
})
