import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { onResponse } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange } from '../testing/exchange.ts'
import { simulate } from '../testing/simulation/simulate.ts'
import { type FetchApp, fromFetch } from './from-fetch.ts'

/** Asks an app as a listener would. */
async function ask(app: FetchApp, given: Parameters<typeof exchange>[0] = {}): Promise<ResponseMessage> {
  return fromFetch(app)(exchange(given))
}

/** What an app is asked with. */
async function seen(given: Parameters<typeof exchange>[0] = {}): Promise<Request> {
  let request: Request | undefined
  await ask((it) => {
    request = it
    return new Response()
  }, given)
  return request!
}

/** An app's stream of chunks that says when it was cancelled, and how many were asked for. */
function chunks(count = Number.POSITIVE_INFINITY, size = 1) {
  const state = { pulled: 0, cancelled: undefined as unknown }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.pulled === count) controller.close()
        else {
          state.pulled++
          controller.enqueue(new Uint8Array(size).fill(0x61))
        }
      },
      cancel(reason) {
        state.cancelled = reason
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, state }
}

describe('the request', () => {
  it('has method, absolute URL and each line of a field', async () => {
    const request = await seen({
      method: 'PUT',
      url: 'https://shop.example:8443/a%2Fb/?x=1&x=2',
      headers: [
        ['X-Many', 'one'],
        ['X-Many', 'two'],
        ['Cookie', 'a=1'],
      ],
    })
    expect([request.method, request.url]).toEqual(['PUT', 'https://shop.example:8443/a%2Fb/?x=1&x=2'])
    expect(request.headers.get('x-many')).toBe('one, two')
    expect(request.headers.get('cookie')).toBe('a=1')
    expect(request.redirect).toBe('manual')
  })

  it('has what a service would get: no fields of the connection, forwarding fields of the proxy alone', async () => {
    const { headers } = await seen({
      url: 'http://shop.example/',
      client: '192.0.2.9',
      headers: {
        Connection: 'keep-alive',
        'Keep-Alive': 'timeout=5',
        'Proxy-Authorization': 'Basic eA==',
        Expect: '100-continue',
        'X-Forwarded-For': '10.0.0.1',
        X_Forwarded_For: '10.0.0.1',
        Forwarded: 'for=10.0.0.1',
        'X-Forwarded-Proto': 'https',
      },
    })
    expect([...headers]).toEqual([
      ['host', 'shop.example'],
      ['x-forwarded-for', '192.0.2.9'],
      ['x-forwarded-host', 'shop.example'],
      ['x-forwarded-port', '80'],
      ['x-forwarded-proto', 'http'],
    ])
  })

  it('has the body, and its length as it is after the filters', async () => {
    const whole = await seen({ body: 'hello' })
    expect(whole.headers.get('content-length')).toBe('5')
    expect(await whole.text()).toBe('hello')

    const at = exchange({ body: 'hello' })
    at.request.body.transform(async function* (chunks) {
      for await (const chunk of chunks) yield Buffer.from(String(chunk).toUpperCase())
    })
    const response = await fromFetch(async (request) => {
      return new Response(`${request.headers.get('content-length')} ${await request.text()}`)
    })(at)
    expect(await response.body.text()).toBe('null HELLO')
  })

  it('reads no chunk of the body before it is asked for one', async () => {
    let read = 0
    async function* body() {
      for (; read < 100; ) {
        read++
        yield Buffer.alloc(20_000)
      }
    }
    const request = await seen({ body: body() })
    expect(read).toBe(0)
    const reader = request.body!.getReader()
    await reader.read()
    await reader.read()
    expect(read).toBeLessThanOrEqual(3)
    await reader.cancel()
    expect(read).toBeLessThanOrEqual(3)
  })

  it('tells the body off when its reader cancels it', async () => {
    const closed = vi.fn()
    const at = exchange({ body: 'hello' })
    at.request.body.onClose(closed)
    await fromFetch(async (request) => {
      await request.body!.cancel()
      return new Response()
    })(at)
    expect(closed).toHaveBeenCalledTimes(1)
    expect(closed.mock.calls[0]![0]).toBeInstanceOf(ProxyError)
  })

  it('has no content with GET, where the client sent one', async () => {
    const request = await seen({ method: 'GET', body: 'odd' })
    expect(request.body).toBeNull()
    expect(request.headers.has('content-length')).toBe(false)
  })

  it.each([
    ['*', 'http://shop.example/'],
    ['/', 'http://shop.example/'],
  ])('to %s has the URL %s', async (url, expected) => {
    expect((await seen({ method: 'OPTIONS', url, headers: { Host: 'shop.example' } })).url).toBe(expected)
  })

  it.each(['CONNECT', 'TRACE'])('of %s is answered 501', async (method) => {
    await expect(seen({ method })).rejects.toMatchObject({ code: 'method_not_implemented' })
  })

  it('for a host that no URL can have is answered 400', async () => {
    await expect(seen({ headers: { Host: '1.2.3.999' } })).rejects.toMatchObject({
      code: 'request_malformed',
    })
  })

  it('aborts when the client leaves, with its reason', async () => {
    const at = exchange()
    const asked = Promise.withResolvers<Request>()
    const answered = fromFetch((request) => {
      asked.resolve(request)
      return new Promise((_, reject) =>
        request.signal.addEventListener('abort', () =>
          reject(new Error('wrapped', { cause: request.signal.reason })),
        ),
      )
    })(at)
    const { signal } = await asked.promise
    expect(signal.aborted).toBe(false)
    at.abort(new ProxyError('client_aborted'))
    expect(signal.aborted).toBe(true)
    await expect(answered).rejects.toMatchObject({ code: 'client_aborted' })
  })

  it('comes with the exchange', async () => {
    const at = exchange({ params: { id: '7' } })
    let given: Exchange | undefined
    await fromFetch((_, it) => {
      given = it
      return new Response()
    })(at)
    expect(given).toBe(at)
  })
})

describe('the response', () => {
  it('has status, reason, fields and each Set-Cookie', async () => {
    const headers = new Headers([
      ['Set-Cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
      ['Set-Cookie', 'b=2'],
      ['X-Many', 'one'],
      ['X-Many', 'two'],
    ])
    const response = await ask(() => new Response('hi', { status: 201, statusText: 'Made', headers }))
    expect([response.status, response.reason]).toEqual([201, 'Made'])
    expect(response.headers.getAll('set-cookie')).toEqual([
      'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
      'b=2',
    ])
    expect(response.headers.get('x-many')).toBe('one, two')
    expect(await response.body.text()).toBe('hi')
  })

  it('has no fields of a connection', async () => {
    const headers = {
      Connection: 'close',
      'Transfer-Encoding': 'chunked',
      'Keep-Alive': 'x',
      Upgrade: 'h2c',
      'X-A': 'a',
    }
    const response = await ask(() => new Response(null, { headers }))
    expect(response.headers.toJSON()).toEqual([['x-a', 'a']])
  })

  it.each([
    ['5', 5, '5'],
    ['+5', undefined, undefined],
    ['5, 5', undefined, undefined],
    ['-1', undefined, undefined],
    ['9999999999999999999', undefined, undefined],
  ])('with the Content-Length %s has the length %s', async (given, length, field) => {
    const response = await ask(() => new Response('hello', { headers: { 'Content-Length': given } }))
    expect([response.body.length, response.headers.get('content-length')]).toEqual([length, field])
  })

  it('without content keeps what it says of its length, as the answer to HEAD does', async () => {
    const response = await ask(() => new Response(null, { headers: { 'Content-Length': '7' } }), {
      method: 'HEAD',
    })
    expect([response.body.length, response.headers.get('content-length')]).toEqual([0, '7'])
  })

  it('that was fetched does not say that it is encoded, since it no longer is', async () => {
    const { gzipSync } = await import('node:zlib')
    const server = createServer((_, res) => res.setHeader('Content-Encoding', 'gzip').end(gzipSync('plain')))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => server[Symbol.asyncDispose]())
    const { port } = server.address() as { port: number }
    const response = await ask(() => fetch(`http://127.0.0.1:${port}`))
    expect(response.headers.has('content-encoding')).toBe(false)
    expect(response.body.length).toBeUndefined()
    expect(await response.body.text()).toBe('plain')
  })

  it('is read chunk by chunk, as it is asked for', async () => {
    const { stream, state } = chunks()
    const response = await ask(() => new Response(stream))
    expect(state.pulled).toBe(0)
    const reader = response.body[Symbol.asyncIterator]()
    for (let i = 0; i < 3; i++) await reader.next()
    expect(state.pulled).toBeLessThanOrEqual(5)
    await reader.return?.()
    expect(state.cancelled).toBeInstanceOf(ProxyError)
  })

  it('is cancelled at once where it is silent', async () => {
    const cancelled = vi.fn()
    const response = await ask(() => new Response(new ReadableStream({ cancel: cancelled })))
    const step = response.body[Symbol.asyncIterator]().next()
    response.body.discard(new ProxyError('client_aborted'))
    expect(cancelled).toHaveBeenCalledTimes(1)
    expect(cancelled.mock.calls[0]![0]).toMatchObject({ code: 'client_aborted' })
    void step
  })

  it('that nobody reads is cancelled', async () => {
    const { stream, state } = chunks()
    const response = await ask(() => new Response(stream))
    response.body.discard()
    expect(state.cancelled).toBeInstanceOf(ProxyError)
  })

  it('may fail over its end', async () => {
    const cancel = vi.fn(() => Promise.reject(new Error('no end')))
    const response = await ask(() => new Response(new ReadableStream({ cancel })))
    response.body.discard()
    // A rejection that nobody handles would fail the run.
    await new Promise(setImmediate)
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  it('breaks off where its body fails, and where a chunk is none', async () => {
    const failing = await ask(
      () => new Response(new ReadableStream({ pull: (it) => it.error(new Error('inner')) })),
    )
    await expect(failing.body.text()).rejects.toThrow('inner')
    const cancelled = vi.fn()
    const text = new ReadableStream({ pull: (it) => it.enqueue('text'), cancel: cancelled })
    const odd = await ask(() => new Response(text as ReadableStream<Uint8Array>))
    await expect(odd.body.text()).rejects.toThrow('must be Uint8Array, got string')
    expect(cancelled).toHaveBeenCalledTimes(1)
  })

  it.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['a text', () => 'hello'],
    ['an object', () => ({ status: 200 })],
    ['an error response', () => Response.error()],
    ['a status that is none', () => ({ status: 101, headers: new Headers(), body: null })],
    ['a status past 599', () => ({ status: 600, headers: new Headers(), body: null })],
    ['a field that no head can hold', () => new Response(null, { headers: { 'X-A': 'a\u0001b' } })],
  ])('that is %s is an error of the app', async (_, answer) => {
    await expect(ask(answer as FetchApp)).rejects.toBeInstanceOf(TypeError)
  })

  it('of which the body was read is an error of the app', async () => {
    const read = new Response('hello')
    await read.text()
    await expect(ask(() => read)).rejects.toThrow('was read already')
    const locked = new Response('hello')
    locked.body!.getReader()
    await expect(ask(() => locked)).rejects.toThrow('was read already')
  })

  it('that cannot be sent is not left open', async () => {
    const cancelled = vi.fn()
    const stream = () => new ReadableStream({ cancel: cancelled })
    await expect(ask(() => new Response(stream(), { headers: { 'X-A': 'a\u0001b' } }))).rejects.toThrow('x-a')
    expect(cancelled).toHaveBeenCalledTimes(1)
    const odd = { status: 600, headers: new Headers(), body: stream() }
    await expect(ask(() => odd as unknown as Response)).rejects.toThrow('the status 600')
    expect(cancelled).toHaveBeenCalledTimes(2)
  })
})

describe('fromFetch', () => {
  it('takes an object with a fetch, and calls it as its own', async () => {
    class App {
      readonly text = 'own'
      fetch(): Response {
        return new Response(this.text)
      }
    }
    const response = await fromFetch(new App())(exchange())
    expect(await response.body.text()).toBe('own')
  })

  it.each([undefined, null, 'app', {}, { fetch: 'x' }])('refuses %s', (app) => {
    expect(() => fromFetch(app as unknown as FetchApp)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'app' }),
    )
  })
})

describe('in a proxy', () => {
  const reported = () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => error.mockRestore())
    return error
  }

  it('what an app throws is answered with 500, without a word of it', async () => {
    const error = reported()
    await using sim = simulate(
      proxy().route(
        '/',
        fromFetch(() => {
          throw new Error('secret')
        }),
      ),
    )
    const response = await sim.get('/')
    expect(response.status).toBe(500)
    expect(response.text()).not.toContain('secret')
    expect(error.mock.calls.flat().some((it) => it instanceof Error && it.message === 'secret')).toBe(true)
    await sim.assertNoLeaks()
  })

  it('streams both ways at once', async () => {
    const echo = fromFetch((request) => new Response(request.body))
    await using sim = simulate(proxy().route('/', echo))
    const body = 'x'.repeat(300_000)
    const response = await sim.post('/', { body })
    expect(response.text()).toBe(body)
    expect(response.headers.get('transfer-encoding')).toBe('chunked')
    await sim.assertNoLeaks()
  })

  it('a response is broken off where its body fails, or is not as long as it says', async () => {
    reported()
    const failing = () => {
      let sent = false
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (sent) throw new Error('inner')
          sent = true
          controller.enqueue(Buffer.from('part'))
        },
      })
    }
    await using sim = simulate(
      proxy()
        .route(
          '/failing',
          fromFetch(() => new Response(failing())),
        )
        .route(
          '/short',
          fromFetch(() => new Response('part', { headers: { 'Content-Length': '9' } })),
        )
        .route(
          '/long',
          fromFetch(() => new Response('part', { headers: { 'Content-Length': '2' } })),
        ),
    )
    for (const path of ['/failing', '/short']) {
      const response = await sim.get(path)
      expect([response.status, response.complete, response.text()]).toEqual([200, false, 'part'])
      expect(response.exchange?.outcome).toMatchObject({
        result: 'failed',
        error: { code: 'internal_error' },
      })
    }
    const long = await sim.get('/long')
    expect([long.complete, long.text()]).toEqual([false, ''])
    expect(long.exchange?.outcome?.error?.code).toBe('internal_error')
    await sim.assertNoLeaks()
  })

  it('a client that leaves cancels the body', async () => {
    const cancelled = vi.fn()
    const silent = new ReadableStream<Uint8Array>({
      start: (it) => it.enqueue(Buffer.from('part')),
      cancel: cancelled,
    })
    await using sim = simulate(
      proxy().route(
        '/',
        fromFetch(() => new Response(silent)),
      ),
    )
    const pending = sim.get('/')
    pending.catch(() => {})
    await sim.settle()
    expect(cancelled).not.toHaveBeenCalled()
    pending.leave()
    await sim.settle()
    expect(cancelled.mock.calls[0]![0]).toMatchObject({ code: 'client_aborted' })
    await sim.assertNoLeaks()
  })

  it('a client that does not read holds the app up', async () => {
    const { stream, state } = chunks(Number.POSITIVE_INFINITY, 30_000)
    await using sim = simulate(
      proxy().route(
        '/',
        fromFetch(() => new Response(stream)),
      ),
    )
    const client = await sim.connect()
    client.pause()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await sim.advance('1s')
    const held = state.pulled
    expect(held).toBeGreaterThan(0)
    await sim.advance('1s')
    expect(state.pulled).toBe(held)
    await client.reset()
    await sim.settle()
    expect(state.cancelled).toMatchObject({ code: 'client_aborted' })
    await sim.assertNoLeaks()
  })

  it('filters see and change the response as any other', async () => {
    const mark = onResponse((response) => {
      response.headers = HeaderList.from([...response.headers, ['X-Mark', '1']])
      response.body.transform(async function* (chunks) {
        for await (const chunk of chunks) yield Buffer.from(String(chunk).toUpperCase())
      })
    })
    await using sim = simulate(
      proxy().route(
        '/',
        mark,
        fromFetch(() => new Response('quiet', { headers: { 'Content-Length': '5' } })),
      ),
    )
    const response = await sim.get('/')
    expect([response.text(), response.headers.get('x-mark')]).toEqual(['QUIET', '1'])
    await sim.assertNoLeaks()
  })
})
