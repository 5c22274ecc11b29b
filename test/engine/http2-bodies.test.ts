import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { respond } from '../../src/index.ts'
import { SettingId } from '../../src/transport/http2/settings.ts'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import { client as http1Client, OK, rawUpstream, testNetwork } from './support.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const settled = () => testNetwork().settled()

/** Bytes of which no two parts are alike. */
function bytes(size: number): Buffer {
  const all = Buffer.alloc(size)
  for (let i = 0; i + 4 <= size; i += 4) all.writeUInt32BE((i * 2654435761) % 2 ** 32, i)
  return all
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

async function world(options: Parameters<typeof http2Client>[1] = {}) {
  const upstream = await rawUpstream()
  const app = await http2Gateway(upstream)
  return { upstream, app, client: await http2Client(app, options) }
}

describe('a response body over HTTP/2', () => {
  it('comes whole, whatever its size', async () => {
    const { upstream, client } = await world()
    const sizes = [0, 1, 16 * KIB, 16 * KIB + 1, 64 * KIB, MIB + 7]
    upstream.answer(({ target }) => {
      const body = bytes(Number(target.slice(1)))
      return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body])
    })
    for (const size of sizes) {
      const { bytes: got, sha256: hash, header } = await client.ask({ path: `/${size}` })
      expect([got, hash, header('content-length')]).toEqual([size, sha256(bytes(size)), `${size}`])
    }
  })

  it('ends with trailers', async () => {
    const { upstream, client } = await world()
    upstream.answer(() => `${CHUNKED}2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n`)
    const response = await client.ask({ fields: [['te', 'trailers']] })
    expect([response.text, response.trailers, response.ended]).toEqual([
      'ok',
      [
        ['x-sum', '1'],
        ['x-other', '2'],
      ],
      true,
    ])
    expect(client.order.slice(-2)).toEqual(['headers 1', 'end 1'])
  })

  it('is not asked of the service for a client without a window, and comes as far as one is given', async () => {
    const { upstream, client } = await world({ grants: false, settings: [[SettingId.initialWindowSize, 0]] })
    const id = client.request()
    const peer = await upstream.accept()
    await peer.request()
    const body = bytes(4 * MIB)
    let taken = false
    void peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
    const sent = peer.send(body).then(() => {
      taken = true
    })
    await client.until('a head', () => client.stream(id).status === 200)
    await settled()
    expect([client.stream(id).bytes, taken]).toEqual([0, false])
    for (const more of [1, 100, 40_000]) {
      const before = client.stream(id).bytes
      client.grant(id, more)
      await settled()
      expect([client.stream(id).bytes, taken]).toEqual([before + more, false])
    }
    // As much as the connection's own window, which was never raised.
    client.grant(id, 8 * MIB)
    await settled()
    expect([client.stream(id).bytes, taken]).toEqual([65_535, false])
    client.grant(0, 8 * MIB)
    await sent
    expect(await client.response(id)).toMatchObject({ bytes: body.length, sha256: sha256(body), ended: true })
  })

  it('waits where the client lowers its window below zero', async () => {
    const { upstream, client } = await world({ grants: false })
    client.grant(0, MIB)
    const id = client.request()
    const peer = await upstream.accept()
    await peer.request()
    void peer.send('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n')
    void peer.send(bytes(200_000))
    await client.until('the window', () => client.stream(id).bytes === 65_535)
    client.writer.settings([[SettingId.initialWindowSize, 5_535]])
    client.grant(id, 60_000)
    await settled()
    expect(client.stream(id).bytes).toBe(65_535)
    client.grant(id, 1)
    await settled()
    expect(client.stream(id).bytes).toBe(65_536)
    client.grant(id, MIB)
    expect((await client.response(id)).bytes).toBe(200_000)
  })

  it('does not stop others whose client has a window', async () => {
    const { upstream, client } = await world({ grants: false })
    client.grant(0, 8 * MIB)
    upstream.answer(() =>
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${MIB}\r\n\r\n`), bytes(MIB)]),
    )
    const stuck = client.request()
    await client.until('a window full', () => client.stream(stuck).bytes === 65_535)
    const other = client.request()
    client.grant(other, MIB)
    expect((await client.response(other)).bytes).toBe(MIB)
    expect(client.stream(stuck).bytes).toBe(65_535)
    client.grant(stuck, MIB)
    expect((await client.response(stuck)).bytes).toBe(MIB)
  })

  it('holds the service back while the client reads nothing from the network', async () => {
    const { upstream, client } = await world({ settings: [[SettingId.initialWindowSize, 2 ** 30]] })
    client.grant(0, 2 ** 30)
    const id = client.request()
    const peer = await upstream.accept()
    await peer.request()
    client.pause()
    let taken = false
    void peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${8 * MIB}\r\n\r\n`)
    const sent = peer.send(bytes(8 * MIB)).then(() => {
      taken = true
    })
    await settled()
    expect(taken).toBe(false)
    client.resume()
    await sent
    expect((await client.response(id)).sha256).toBe(sha256(bytes(8 * MIB)))
  })

  it('of one large piece does not keep the proxy from reading on', async () => {
    let asked = 0
    const app = await http2Gateway(await rawUpstream(), {
      target: () => {
        asked++
        return respond(
          200,
          (async function* () {
            yield bytes(MIB)
          })(),
        )
      },
    })
    const client = await http2Client(app, { settings: [[SettingId.initialWindowSize, 2 ** 30]] })
    client.grant(0, 2 ** 30)
    await client.until('settings', () => client.seen.includes('settings-ack'))
    client.pause()
    // Two proxies that both stop reading because of what they send would wait for each other.
    for (let i = 1; i <= 8; i++) {
      client.request()
      await settled()
      expect(asked).toBe(i)
    }
    client.resume()
    for (let id = 1; id < 17; id += 2) expect((await client.response(id)).sha256).toBe(sha256(bytes(MIB)))
  })

  it('is broken off by a reset where the service breaks off, and other streams go on', async () => {
    const { upstream, client, app } = await world()
    const other = client.request({ path: '/other' })
    const otherPeer = await upstream.accept()
    await otherPeer.request()
    await otherPeer.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok')
    for (const [begin, code] of [
      ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', 'upstream_body_incomplete'],
      [`${CHUNKED}2\r\nok\r\n`, 'upstream_body_incomplete'],
      [`${CHUNKED}2\r\nok\r\nzz\r\n`, 'upstream_response_invalid'],
    ] as const) {
      const id = client.request()
      const peer = await upstream.accept()
      await peer.request()
      await peer.send(begin)
      if (code === 'upstream_body_incomplete') peer.end()
      const response = await client.response(id)
      expect([response.status, response.text, response.ended, response.reset]).toEqual([
        200,
        'ok',
        false,
        'INTERNAL_ERROR',
      ])
      expect(app.outcomes.at(-1)).toMatchObject({ result: 'failed', status: 200, bytesSent: 2 })
    }
    await otherPeer.send('ay')
    expect((await client.response(other)).text).toBe('okay')
  })

  it('goes to the more urgent first, and in turn to those that are alike', async () => {
    const app = await http2Gateway(await rawUpstream(), { target: () => respond(200, bytes(64 * KIB)) })
    const client = await http2Client(app, {
      grants: false,
      settings: [[SettingId.initialWindowSize, MIB]],
    })
    // Uses the connection's window up, but for one byte.
    const first = client.request()
    await client.until('the window', () => client.stream(first).bytes === 65_535)
    const late = client.request({ fields: [['priority', 'u=5, i']] })
    const [one, two] = [client.request(), client.request({ fields: [['priority', 'a=b']] })]
    const urgent = client.request({ fields: [['priority', 'u=0']] })
    await client.until('heads', () =>
      [late, one, two, urgent].every((id) => client.stream(id).status === 200),
    )
    client.order.length = 0
    client.grant(0, 4 * 64 * KIB + 1)
    for (const id of [first, late, one, two, urgent]) await client.response(id)
    const data = client.order.filter((it) => it.startsWith('data')).map((it) => Number(it.split(' ')[1]))
    // Behind the last piece of each comes an empty one that ends it.
    expect(data.filter((id, i) => i === 0 || id !== data[i - 1] || id === late)).toEqual([
      ...[urgent, first],
      ...[one, two, one, two, one, two, one, two],
      ...[late, late, late, late, late],
    ])
  })

  it('changes its turn when the client asks for that', async () => {
    const { upstream, client } = await world({
      grants: false,
      settings: [[SettingId.initialWindowSize, MIB]],
    })
    upstream.answer(() =>
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * KIB}\r\n\r\n`), bytes(64 * KIB)]),
    )
    const first = client.request()
    await client.until('the window', () => client.stream(first).bytes === 65_535)
    const [one, two] = [
      client.request({ open: true, method: 'POST' }),
      client.request({ open: true, method: 'POST' }),
    ]
    // PRIORITY_UPDATE (RFC 9218 section 7.1).
    const update = Buffer.concat([Buffer.from([0, 0, 0, two]), Buffer.from('u=1')])
    client.raw(Buffer.concat([Buffer.from([0, 0, update.length, 0x10, 0, 0, 0, 0, 0]), update]))
    for (const id of [one, two]) client.data(id, '', true)
    await client.until('heads', () => [one, two].every((id) => client.stream(id).status === 200))
    await settled()
    client.order.length = 0
    client.grant(0, 2 * 64 * KIB + 1)
    for (const id of [first, one, two]) await client.response(id)
    const data = client.order.filter((it) => it.startsWith('data')).map((it) => Number(it.split(' ')[1]))
    expect(data.slice(0, 4)).toEqual([two, two, two, two])
  })
})

it('trailers have no field that routes or frames a message, in either direction', async () => {
  const trailers: [string, string][] = [
    ['x-ok', '1'],
    ['host', 'other'],
    ['content-length', '5'],
    ['expect', '100-continue'],
    ['x-forwarded-for', '192.0.2.1'],
    ['x_forwarded_for', '192.0.2.1'],
  ]
  const upstream = await rawUpstream()
  const app = await http2Gateway(upstream, {
    filters: [
      (exchange, next) =>
        exchange.request.target === '/echo' ? respond(200, exchange.request.body) : next(exchange),
    ],
  })
  const client = await http2Client(app)
  client.request({ method: 'POST', body: 'x', trailers })
  const peer = await upstream.accept()
  expect(await peer.until('\r\n\r\n')).toContain('chunked')
  expect(await peer.until('\r\n\r\n')).toBe('1\r\nx\r\n0\r\nx-ok: 1\r\n\r\n')
  const echo = await client.ask({ method: 'POST', path: '/echo', body: 'x', trailers })
  expect([echo.text, echo.trailers]).toEqual(['x', [['x-ok', '1']]])
})

describe('a request body over HTTP/2', () => {
  it('goes to the service whole, with its length or in chunks', async () => {
    const { upstream, client } = await world()
    const seen: string[] = []
    upstream.answer(({ body, header }) => {
      seen.push(`${body.length} ${sha256(body)} ${header('content-length')} ${header('transfer-encoding')}`)
      return OK
    })
    for (const size of [0, 1, 40_000]) {
      const body = bytes(size)
      await client.ask({ method: 'POST', body })
      await client.ask({ method: 'POST', body, fields: [['content-length', `${size}`]] })
      expect(seen.splice(0)).toEqual([
        `${size} ${sha256(body)} undefined chunked`,
        `${size} ${sha256(body)} ${size} undefined`,
      ])
    }
  })

  it('of a request that ends with its head is none', async () => {
    const { upstream, client } = await world()
    const framing: unknown[] = []
    upstream.answer(({ header, body }) => {
      framing.push([header('content-length'), header('transfer-encoding'), body.length])
      return OK
    })
    await client.ask({ method: 'POST' })
    await client.ask({ method: 'GET' })
    expect(framing).toEqual([
      ['0', undefined, 0],
      [undefined, undefined, 0],
    ])
  })

  it('is let come as the service takes it, and no faster', async () => {
    const { upstream, client, app } = await world()
    const id = client.request({ method: 'POST', open: true })
    const peer = await upstream.accept()
    peer.pause()
    await client.until('settings', () => client.seen.includes('settings-ack'))
    expect(client.granted.get(0)).toBe(MIB - 65_535)
    expect(client.peer.initialWindowSize).toBe(256 * KIB)
    // A window full, and then as much as the proxy gives back.
    let sent = 0
    const all = bytes(4 * MIB)
    const push = async () => {
      const window = 256 * KIB + (client.granted.get(id) ?? 0)
      while (sent < Math.min(window, all.length)) {
        const size = Math.min(16 * KIB, window - sent, all.length - sent)
        client.data(id, all.subarray(sent, sent + size), sent + size === all.length)
        sent += size
      }
      await settled()
    }
    let before = -1
    while (sent > before) {
      before = sent
      await push()
    }
    // What was read and what is under way, and not all of it.
    expect(sent).toBeLessThan(MIB)
    expect(sent).toBeGreaterThanOrEqual(256 * KIB)
    peer.resume()
    while (sent < all.length) await push()
    const { body } = await peer.request()
    expect([body.length, sha256(body)]).toEqual([all.length, sha256(all)])
    await peer.send(OK)
    expect((await client.response(id)).text).toBe('ok')
    expect(await app.outcome()).toMatchObject({ result: 'completed', bytesReceived: all.length })
  })

  it('ends with trailers', async () => {
    const { upstream, client } = await world()
    const trailers: unknown[] = []
    upstream.answer((request) => {
      trailers.push([request.body.toString(), request.trailers])
      return OK
    })
    await client.ask({
      method: 'POST',
      body: 'ab',
      trailers: [
        ['x-sum', '1'],
        ['content-length', '2'],
      ],
    })
    await client.ask({ method: 'POST', trailers: [['x-sum', '2']] })
    expect(trailers).toEqual([
      ['ab', [['x-sum', '1']]],
      ['', [['x-sum', '2']]],
    ])
  })

  it('that nobody reads costs no window of the connection', async () => {
    const app = await http2Gateway(await rawUpstream(), { target: () => respond(200, 'no, thanks') })
    const client = await http2Client(app)
    const body = bytes(60_000)
    for (let i = 0; i < 40; i++) expect((await client.ask({ method: 'POST', body })).status).toBe(200)
    // What the proxy owes is less than what makes it give a window back.
    const given = MIB - 65_535 + 40 * 60_000 - MIB / 2
    expect(client.granted.get(0)).toBeGreaterThan(given)
    expect([client.fault, client.over]).toEqual([undefined, undefined])
  })

  it('of a stream that is reset costs no window of the connection, read or not', async () => {
    const app = await http2Gateway(await rawUpstream(), {
      target: (exchange) =>
        new Promise((_, reject) => {
          exchange.onAbort(reject)
          if (exchange.request.target === '/read') exchange.request.body.buffer().catch(() => {})
        }),
    })
    const client = await http2Client(app)
    const body = bytes(60_000)
    for (let i = 0; i < 40; i++) {
      const id = client.request({ method: 'POST', path: i % 2 === 0 ? '/read' : '/', open: true })
      client.data(id, body)
      await settled()
      client.reset(id, 8)
      await app.outcome(i + 1)
    }
    await settled()
    expect(client.granted.get(0)).toBeGreaterThan(MIB - 65_535 + 40 * 60_000 - MIB / 2)
  })

  it('of one byte for each frame is held until it is read, and whole', async () => {
    const hold = Promise.withResolvers<void>()
    const app = await http2Gateway(await rawUpstream(), {
      target: async ({ request }) => {
        await hold.promise
        return respond(200, sha256(await request.body.buffer({ maxBytes: MIB })))
      },
    })
    const client = await http2Client(app)
    const size = 200_000
    const all = bytes(size)
    const id = client.request({ method: 'POST', open: true })
    await client.until('settings', () => client.seen.includes('settings-ack'))
    client.together(() => {
      for (let i = 0; i < size; i++) client.data(id, all.subarray(i, i + 1), i === size - 1)
    })
    await settled()
    hold.resolve()
    expect((await client.response(id)).text).toBe(sha256(all))
  })
})

describe('interim responses over HTTP/2', () => {
  it('go to the client in their order, before the final one', async () => {
    const { upstream, client } = await world()
    upstream.answer(
      () =>
        `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${OK}`,
    )
    const { interim, status, text } = await client.ask()
    expect(interim).toEqual([
      [
        [':status', '103'],
        ['link', '</a.css>'],
      ],
      [[':status', '102']],
    ])
    expect([status, text]).toEqual([200, 'ok'])
  })

  it('of 100 comes when the body is first read, and not before', async () => {
    const go = Promise.withResolvers<void>()
    const { upstream, client } = await (async () => {
      const upstream = await rawUpstream()
      const app = await http2Gateway(upstream, {
        filters: [
          async (exchange, next) => {
            await go.promise
            return next(exchange)
          },
        ],
      })
      return { upstream, client: await http2Client(app) }
    })()
    const id = client.request({ method: 'POST', open: true, fields: [['expect', '100-continue']] })
    await settled()
    expect(client.stream(id).interim).toEqual([])
    go.resolve()
    const peer = await upstream.accept()
    await client.until('100', () => client.stream(id).interim.length > 0)
    expect(client.stream(id).interim).toEqual([[[':status', '100']]])
    client.data(id, 'ab', true)
    expect((await peer.request()).body.toString()).toBe('ab')
    await peer.send(OK)
    expect((await client.response(id)).text).toBe('ok')
  })

  it('of 100 does not come behind a response that has begun', async () => {
    const app = await http2Gateway(await rawUpstream(), {
      target: ({ request }) =>
        respond(
          200,
          (async function* () {
            yield Buffer.from('first ')
            yield await request.body.buffer()
          })(),
        ),
    })
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true, fields: [['expect', '100-continue']] })
    await client.until('the beginning', () => client.stream(id).text === 'first ')
    await settled()
    client.data(id, 'body', true)
    expect((await client.response(id)).text).toBe('first body')
    expect([client.stream(id).interim, client.stream(id).trailers]).toEqual([[], undefined])
  })

  it('of 100 does not come where the body is not wanted', async () => {
    const app = await http2Gateway(await rawUpstream(), { target: () => respond(403, 'no') })
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true, fields: [['expect', '100-continue']] })
    await client.until('an end', () => client.stream(id).ended)
    expect([client.stream(id).interim, client.stream(id).status]).toEqual([[], 403])
    client.data(id, '', true)
  })
})

it('a proxy speaks HTTP/1.1 and HTTP/2 on one port', async () => {
  const { upstream, client, app } = await world()
  upstream.answer(() => OK)
  const old = await http1Client(app)
  await old.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await old.response()).status).toBe(200)
  expect((await client.ask()).status).toBe(200)
})
