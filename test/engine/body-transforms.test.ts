import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Body, type Filter, onRequest, onResponse, respond, type Transform } from '../../src/index.ts'
import { answer, client, GET, gateway, OK, rawUpstream, testNetwork } from './support.ts'

const MIB = 1024 * 1024
const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

/** Flips every bit, so that a chunk that skips the transform is seen. */
const invert: Transform = async function* (chunks) {
  for await (const chunk of chunks) yield chunk.map((byte) => byte ^ 0xff)
}

describe('a response transform', () => {
  it('makes the body chunked, and sees all of a large one', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(invert))] })
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const bytes = randomBytes(8 * MIB)
    void peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`)
    void peer.send(bytes)
    const response = await from.response()
    expect(response.framing).toBe('chunked')
    expect(sha1(response.body)).toBe(sha1(bytes.map((byte) => byte ^ 0xff)))
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).body.length).toBe(2)
    expect(upstream.peers).toHaveLength(1)
  }, 20_000)

  it('several run in the order in which they were added', async () => {
    const append = (text: string): Transform =>
      async function* (chunks) {
        yield* chunks
        yield Buffer.from(text)
      }
    const app = await gateway(
      (await rawUpstream()).answer(() => OK),
      {
        filters: [
          onResponse((it) => void it.body.transform(append('2'))),
          onResponse((it) => void it.body.transform(append('1'))),
        ],
      },
    )
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).body.toString()).toBe('ok12')
  })

  it('keeps trailers', async () => {
    const upstream = (await rawUpstream()).answer(
      () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n',
    )
    const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(invert))] })
    const from = await client(app)
    await from.send(GET)
    expect((await from.response()).trailers).toEqual([['X-Sum', '1']])
  })

  it('a client that does not read stops the transform and the upstream', async () => {
    let seen = 0
    const count: Transform = async function* (chunks) {
      for await (const chunk of chunks) {
        seen += chunk.byteLength
        yield chunk
      }
    }
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(count))] })
    const from = await client(app)
    from.pause()
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const size = 4 * MIB
    void peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    let taken = false
    const all = peer.send(Buffer.alloc(size, 'x')).then(() => {
      taken = true
    })
    await testNetwork().settled()
    expect(taken).toBe(false)
    expect(seen).toBeGreaterThan(0)
    expect(seen).toBeLessThan(MIB)
    from.resume()
    expect((await from.response()).body.length).toBe(size)
    await all
    expect(seen).toBe(size)
  }, 20_000)

  for (const [name, leave] of [
    ['resets', 'reset'],
    ['closes', 'close'],
  ] as const) {
    it(`a client that ${name} ends the generator while it waits, and the upstream connection`, async () => {
      let cleaned: () => void = () => {}
      const clean = new Promise<void>((resolve) => {
        cleaned = resolve
      })
      const tidy: Transform = async function* (chunks) {
        try {
          yield* chunks
        } finally {
          cleaned()
        }
      }
      const upstream = await rawUpstream()
      const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(tidy))] })
      const from = await client(app)
      await from.send(GET)
      const peer = await upstream.accept()
      await peer.request()
      await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
      await from.until('abc')
      from[leave]()
      await peer.over
      await clean
      expect((await app.outcome()).result).toBe('aborted')
    })
  }

  it('one that throws at once, before a byte: the connection does not pretend to be whole', async () => {
    const fail: Transform = async function* (chunks) {
      for await (const _ of chunks) throw new Error('broken')
      yield Buffer.from('never')
    }
    const upstream = (await rawUpstream()).answer(() => answer(200, 'x'.repeat(100_000)))
    const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(fail))] })
    const { error } = console
    console.error = () => {}
    const from = await client(app)
    await from.send(GET)
    const received = await from.rest()
    console.error = error
    expect(received).not.toContain('\r\n0\r\n\r\n')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'internal_error' } })
    expect(app.endpoints[0]?.inFlight).toBe(0)
  })

  it('one that stops reading early ends the response there', async () => {
    const first: Transform = async function* (chunks) {
      for await (const chunk of chunks) {
        yield chunk.subarray(0, 3)
        return
      }
    }
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(first))] })
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabcdef')
    const response = await from.response()
    expect(response.complete).toBe(true)
    expect(response.body.toString()).toBe('abc')
    await peer.over
    expect((await app.outcome()).result).toBe('completed')
  })

  it('is not run for HEAD', async () => {
    let ran = false
    const note: Transform = async function* (chunks) {
      ran = true
      yield* chunks
    }
    const upstream = (await rawUpstream()).answer(() => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
    const app = await gateway(upstream, { filters: [onResponse((it) => void it.body.transform(note))] })
    const from = await client(app)
    await from.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await from.response({ to: 'HEAD' })).status).toBe(200)
    expect(ran).toBe(false)
  })
})

describe('a request transform', () => {
  it('sees all of a large body, with a length or chunked', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [onRequest(({ request }) => void request.body.transform(invert))],
    })
    const from = await client(app)
    const bytes = randomBytes(4 * MIB)
    void from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`)
    void from.send(bytes)
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.framing).toBe('chunked')
    expect(sha1(request.body)).toBe(sha1(bytes.map((byte) => byte ^ 0xff)))
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  }, 20_000)

  it('a small one too, that came with its head', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [onRequest(({ request }) => void request.body.transform(invert))],
    })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\xff')
    const peer = await upstream.accept()
    expect((await peer.request()).body).toEqual(Buffer.from([0]))
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('an upstream that breaks off ends the generator while it waits for the client', async () => {
    let cleaned: () => void = () => {}
    const clean = new Promise<void>((resolve) => {
      cleaned = resolve
    })
    const tidy: Transform = async function* (chunks) {
      try {
        yield* chunks
      } finally {
        cleaned()
      }
    }
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [onRequest(({ request }) => void request.body.transform(tidy))],
    })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc')
    const peer = await upstream.accept()
    await peer.until('abc')
    peer.reset()
    expect((await from.response()).status).toBe(502)
    await clean
  })
})

describe('whole bodies', () => {
  const echo: Filter = async ({ request }) => respond(200, await request.body.buffer({ maxBytes: 100_000 }))

  it('buffer gives all of it, however it comes', async () => {
    const app = await gateway(await rawUpstream(), { filters: [echo] })
    const from = await client(app)
    const bytes = randomBytes(90_000)
    void from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes.length}\r\n\r\n`)
    void from.send(bytes)
    expect(sha1((await from.response()).body)).toBe(sha1(bytes))
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n')
    await from.send('1\r\nc\r\n0\r\n\r\n')
    expect((await from.response()).body.toString()).toBe('abc')
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
    expect((await from.response()).body.toString()).toBe('abc')
    await from.send(GET)
    expect((await from.response()).body.toString()).toBe('')
  })

  it('a body that waited for its reader, and then came all at once, does not stop the next request', async () => {
    const gates: (() => void)[] = []
    const app = await gateway(await rawUpstream(), {
      filters: [
        async ({ request }) => {
          await new Promise<void>((resolve) => gates.push(resolve))
          return respond(200, `${(await request.body.buffer()).length}`)
        },
      ],
    })
    const from = await client(app)
    void from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
    await app.begun()
    await testNetwork().settled()
    gates.shift()!()
    expect((await from.response()).body.toString()).toBe('100000')
    await from.send(GET)
    await app.begun(2)
    gates.shift()!()
    expect((await from.response()).body.toString()).toBe('0')
  })

  it('413 past maxBytes, and the client gets to read it', async () => {
    const app = await gateway(await rawUpstream(), { filters: [echo] })
    const from = await client(app)
    void from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n')
    void from.send(Buffer.alloc(500_000))
    expect((await from.response()).status).toBe(413)
    expect((await app.outcome()).error?.code).toBe('request_body_too_large')
  })

  it('a body that was read can be sent on', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [
        async (exchange, next) => {
          const { request } = exchange
          const value = (await request.body.json()) as { a: number }
          request.body = Body.from(JSON.stringify({ a: value.a + 1 }))
          return next(exchange)
        },
      ],
    })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n{"a":1}')
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.header('content-length')).toBe('7')
    expect(request.body.toString()).toBe('{"a":2}')
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('a response that was read can be replaced, and the connection is used again', async () => {
    const upstream = (await rawUpstream()).answer(() => answer(200, 'x'.repeat(100_000)))
    const app = await gateway(upstream, {
      filters: [
        async (exchange, next) => {
          const response = await next(exchange)
          response.body = Body.from(`${(await response.body.text()).length}`)
          return response
        },
      ],
    })
    const from = await client(app)
    for (let i = 0; i < 3; i++) {
      await from.send(GET)
      expect((await from.response()).body.toString()).toBe('100000')
    }
    expect(upstream.peers).toHaveLength(1)
  })

  it('a client that leaves makes a waiting reader fail', async () => {
    let failed: (code: string) => void = () => {}
    const failure = new Promise<string>((resolve) => {
      failed = resolve
    })
    const app = await gateway(await rawUpstream(), {
      filters: [
        async ({ request }) => {
          try {
            await request.body.buffer()
          } catch (error) {
            failed((error as { code: string }).code)
            throw error
          }
          return respond(200)
        },
      ],
    })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    await app.begun()
    from.reset()
    expect(await failure).toBe('client_aborted')
    expect((await app.outcome()).result).toBe('aborted')
  })

  it('a reader that is slow stops the client', async () => {
    let go: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const app = await gateway(await rawUpstream(), {
      limits: { bodyBytes: '1gb' },
      filters: [
        async ({ request }) => {
          let size = 0
          for await (const chunk of request.body) {
            if (size === 0) await gate
            size += chunk.byteLength
          }
          return respond(200, `${size}`)
        },
      ],
    })
    const from = await client(app)
    const size = 4 * MIB
    void from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    let taken = false
    const all = from.send(Buffer.alloc(size)).then(() => {
      taken = true
    })
    await testNetwork().settled()
    expect(taken).toBe(false)
    go()
    await all
    expect((await from.response()).body.toString()).toBe(`${size}`)
  }, 20_000)

  it('discarding a request body lets the answer come, and little of it keeps the connection', async () => {
    const app = await gateway(await rawUpstream(), {
      filters: [
        ({ request }) => {
          request.body.discard()
          return respond(200, 'ok')
        },
      ],
    })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab')
    expect((await from.response()).status).toBe(200)
    await from.send(`cde${GET}`)
    expect((await from.response()).status).toBe(200)
  })

  it('onClose tells the end of a body, and its breaking off, once', async () => {
    const ends: (string | undefined)[] = []
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [
        onResponse(
          (it) => void it.body.onClose((error) => ends.push((error as { code?: string } | undefined)?.code)),
        ),
      ],
    })
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).body.toString()).toBe('ok')
    await from.send(GET)
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
    await from.until('abc')
    from.reset()
    await app.outcome(2)
    expect(ends).toEqual([undefined, 'client_aborted'])
  })
})
