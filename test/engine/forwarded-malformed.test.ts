import { expect, it } from 'vitest'
import { onRequest } from '../../src/index.ts'
import type { FakeRequest } from '../../src/testing/index.ts'
import { memoryWorld } from './memory-world.ts'

/** What the service gets when this comes from a trusted proxy that writes `Forwarded`. */
async function received(fields: string): Promise<FakeRequest> {
  const { clock, service, connect } = await memoryWorld({
    listen: { trustedProxies: ['loopback', '10.0.0.0/8'], trustedField: 'forwarded' },
    pool: { forwarded: true },
    filters: [
      onRequest(({ client, request }) => {
        request.headers.set('X-Seen', `${client.address} ${client.scheme}`)
      }),
    ],
  })
  const from = await connect()
  await from.send(`GET / HTTP/1.1\r\nHost: shop.example\r\n${fields}\r\n`)
  expect((await clock.until(from.response())).status).toBe(200)
  return service.requests[0]!
}

const OWN = 'for=127.0.0.1;host="shop.example"'

for (const [name, fields, seen, forwarded, xForwardedFor] of [
  [
    'well-formed',
    'Forwarded: for=9.9.9.9;proto=https\r\n',
    '9.9.9.9 https',
    `for=9.9.9.9;proto=https, ${OWN};proto=https`,
    '9.9.9.9, 127.0.0.1',
  ],
  [
    'a quote left open, which swallows what an honest proxy adds',
    'Forwarded: for=10.0.0.1;proto=https;host=", for=9.9.9.9\r\n',
    '127.0.0.1 http',
    `${OWN};proto=http`,
    '127.0.0.1',
  ],
  [
    'the same on two lines',
    'Forwarded: for=10.0.0.1;proto=https;x="\r\nForwarded: for=9.9.9.9\r\n',
    '127.0.0.1 http',
    `${OWN};proto=http`,
    '127.0.0.1',
  ],
  [
    'a pair that stands twice',
    'Forwarded: for=9.9.9.9;for=8.8.8.8\r\n',
    '127.0.0.1 http',
    `${OWN};proto=http`,
    '127.0.0.1',
  ],
  [
    'a pair that stands twice, in another case',
    'Forwarded: for=9.9.9.9;proto=http;PROTO=https\r\n',
    '127.0.0.1 http',
    `${OWN};proto=http`,
    '127.0.0.1',
  ],
  [
    'a malformed element behind a good one: the walk ends there',
    'Forwarded: for=1.1.1.1, for=2.2.2.2;nonsense, for=10.0.0.2\r\n',
    '10.0.0.2 http',
    `for=10.0.0.2, ${OWN};proto=http`,
    '10.0.0.2, 127.0.0.1',
  ],
] as const) {
  it(`Forwarded: ${name}`, async () => {
    const request = await received(fields)
    expect(request.headers.filter(([it]) => it === 'Forwarded').map(([, value]) => value)).toEqual([
      forwarded,
    ])
    expect([request.header('x-seen'), request.header('x-forwarded-for')]).toEqual([seen, xForwardedFor])
  })
}

it('where Forwarded is trusted, X-Forwarded-* is the client talking, and counts for nothing', async () => {
  const x =
    'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 6666\r\n'
  for (const [fields, seen, chain] of [
    [x, '127.0.0.1 http', '127.0.0.1'],
    [`${x}Forwarded: for=9.9.9.9\r\n`, '9.9.9.9 http', '9.9.9.9, 127.0.0.1'],
  ] as const) {
    const request = await received(fields)
    const named = ['x-seen', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port']
    expect(named.map((name) => request.header(name))).toEqual([seen, chain, 'http', 'shop.example', '80'])
  }
})
