import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2ServerRequest,
} from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { Agent, fetch as undiciFetch } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Body } from '../core/body.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import type { Filter, Handler } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { RequestMessage, respond } from '../core/message.ts'
import { fault } from '../filters/fault.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  malformedRequests,
  REQUEST_FLAWS,
  type RequestFlaw,
} from '../testing/arbitraries/malformed-requests.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { selfSigned } from '../transport/tls/self-signed.ts'
import { type NodeListenerOptions, toNodeListener } from './to-node-listener.ts'

const execute = promisify(execFile)

/** What a whole test needs: a proxy in a server, and what it says of its exchanges. When the test ends, nothing may be left. */
async function mounted(
  target: Handler | ReturnType<typeof pool>,
  {
    before = (_, __, next) => next(),
    ...options
  }: NodeListenerOptions & {
    before?: (req: IncomingMessage, res: ServerResponse, next: () => void) => void
  } = {},
) {
  const outcomes: Outcome[] = []
  const begun: Exchange[] = []
  let wake = Promise.withResolvers<void>()
  const watch: Filter = (exchange, next) => {
    begun.push(exchange)
    exchange.onComplete((outcome) => {
      outcomes.push(outcome)
      wake.resolve()
      wake = Promise.withResolvers()
    })
    return next(exchange)
  }
  const listener = toNodeListener(proxy().use(watch).route('/', target), options)
  const server = createServer((req, res) => before(req, res, () => listener(req, res)))
  const { url, port } = await listening(server)
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await listener.close()
    expect(outcomes.length).toBe(begun.length)
  })
  const outcome = async (n = 1): Promise<Outcome> => {
    while (outcomes.length < n) await wake.promise
    return outcomes[n - 1]!
  }
  return { listener, server, url, port, outcome, begun }
}

async function listening(server: Server | ReturnType<typeof createHttp2Server>) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

/** A service of Node's own. */
async function service(answer: (req: IncomingMessage, res: ServerResponse) => void) {
  const server = createServer(answer)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, ...(await listening(server)) }
}

/** A connection of which the test writes and reads every byte. */
async function raw(
  port: number,
): Promise<{ socket: Socket; until: (found: RegExp | string) => Promise<string>; end: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  const ended = Promise.withResolvers<string>()
  let wake = Promise.withResolvers<void>()
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    wake.resolve()
    wake = Promise.withResolvers()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended.resolve(text)
    wake.resolve()
  })
  await once(socket, 'connect')
  return {
    socket,
    end: ended.promise,
    async until(found) {
      while (typeof found === 'string' ? !text.includes(found) : !found.test(text)) {
        if (socket.closed) throw new Error(`closed after ${JSON.stringify(text)}`)
        await wake.promise
      }
      return text
    },
  }
}

const silenced = () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => error.mockRestore())
  return error
}

describe('the request', () => {
  it('reaches a pool with its fields, target and content, and comes back with each Set-Cookie', async () => {
    const { url: users } = await service((req, res) => {
      res.writeHead(201, 'Made', [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ] as unknown as string[])
      req.pipe(res)
      res.on('pipe', () => {})
    })
    const { url, outcome } = await mounted(pool([users]))
    const response = await fetch(`${url}/a/%62?x=1`, { method: 'POST', body: 'hello' })
    expect([response.status, response.statusText]).toEqual([201, 'Made'])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.text()).toBe('hello')
    expect(await outcome()).toMatchObject({ result: 'completed', bytesReceived: 5, bytesSent: 5 })
  })

  it('has the lines as they came, the normalized path, and the client that a trusted proxy names', async () => {
    const { port, begun } = await mounted(() => respond(200, 'ok'), { trustedProxies: ['loopback'] })
    const { socket, until } = await raw(port)
    socket.write(
      'GET /a//b/../%63?x HTTP/1.1\r\nHost: Shop.Example\r\nX-A: 1\r\nx-a: 2\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Gone: 1\r\nConnection: X-Gone\r\n\r\n',
    )
    await until('\r\n\r\nok')
    const { request: seen, client } = begun[0]!
    expect([seen.target, seen.rawTarget, seen.host, seen.scheme]).toEqual([
      '/a/c?x',
      '/a//b/../%63?x',
      'shop.example',
      'https',
    ])
    expect([...seen.headers].slice(0, 3)).toEqual([
      ['Host', 'Shop.Example'],
      ['X-A', '1'],
      ['x-a', '2'],
    ])
    expect(seen.headers.has('x-gone')).toBe(false)
    expect([client.address, client.peer.address]).toEqual(['192.0.2.7', '127.0.0.1'])
  })

  it('has what other middleware has set, changed and deleted, and cannot be split by it', async () => {
    const { url, begun } = await mounted(() => respond(200, 'ok'), {
      before: (req, _, next) => {
        delete req.headers.authorization
        req.headers['x-user'] = 'ann'
        req.headers['x-role'] = 'reader'
        if (req.url === '/split') req.headers['x-bad'] = 'a\u010d\u010aX-Admin: 1'
        next()
      },
    })
    await fetch(url, { headers: { Authorization: 'Bearer x', 'X-Role': 'admin', 'X-Kept': '1' } })
    const { headers } = begun[0]!.request
    expect(['authorization', 'x-user', 'x-role', 'x-kept'].map((name) => headers.getAll(name))).toEqual([
      [],
      ['ann'],
      ['reader'],
      ['1'],
    ])
    expect((await fetch(`${url}/split`)).status).toBe(400)
    expect(begun.length).toBe(1)
  })

  it.each([
    ['/a/%00', 400],
    ['/..', 400],
    [`/${'x'.repeat(9_000)}`, 414],
  ])('to a target that cannot be served is answered by its kind', async (target, status) => {
    const { port } = await mounted(() => respond(200, 'ok'))
    const { socket, until } = await raw(port)
    socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    expect(await until('\r\n\r\n')).toContain(`HTTP/1.1 ${status} `)
  })

  it('is held up where nobody reads it, and goes on where somebody does', async () => {
    let read = 0
    const go = Promise.withResolvers<void>()
    const { port, server } = await mounted(async ({ request: { body } }) => {
      for await (const chunk of body) {
        read += chunk.byteLength
        await go.promise
      }
      return respond(200, String(read))
    })
    const connected = once(server, 'connection')
    const { socket, until } = await raw(port)
    const [theirs] = (await connected) as [Socket]
    const size = 40 * 1_048_576
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size))
    while (read === 0) await new Promise(setImmediate)
    expect(await steady(() => theirs.bytesRead)).toBeLessThan(1_048_576)
    expect(read).toBeLessThanOrEqual(65_536)
    go.resolve()
    await until(String(size))
  })

  it('with trailers has them', async () => {
    const seen = Promise.withResolvers<IncomingMessage>()
    const { url: users } = await service((req, res) => {
      req.resume().on('end', () => {
        seen.resolve(req)
        res.end()
      })
    })
    const { port } = await mounted(pool([users]))
    const { socket, until } = await raw(port)
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 7\r\nForwarded: for=a\r\n\r\n',
    )
    await until('\r\n\r\n')
    expect((await seen.promise).rawTrailers).toEqual(['X-Sum', '7'])
  })

  it('that is too large is answered 413, whether or not it says so', async () => {
    const { port } = await mounted(async ({ request: { body } }) => respond(200, await body.text()), {
      limits: { bodyBytes: 10 },
    })
    const said = await raw(port)
    said.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n')
    expect(await said.until('\r\n\r\n')).toContain('HTTP/1.1 413 ')
    const unsaid = await raw(port)
    unsaid.socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n',
    )
    expect(await unsaid.until('request_body_too_large')).toContain('HTTP/1.1 413 ')
  })

  it('that waits for 100 is asked to go on when something wants its body, and else not', async () => {
    const { port, server, listener } = await mounted(({ request: { path, body } }) =>
      path === '/read' ? body.text().then((text) => respond(200, text)) : respond(403, 'no'),
    )
    server.on('checkContinue', listener.checkContinue)
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`
    const wanted = await raw(port)
    wanted.socket.write(head('/read'))
    await wanted.until('HTTP/1.1 100 Continue\r\n\r\n')
    wanted.socket.write('hi')
    expect(await wanted.until('\r\n\r\nhi')).toContain('HTTP/1.1 200 OK')
    const unwanted = await raw(port)
    unwanted.socket.write(head('/refused'))
    const answer = await unwanted.end
    expect(answer).not.toContain('100')
    expect(answer).toMatch(/^HTTP\/1.1 403 [\s\S]*Connection: close/)
  })
})

describe('a request that is malformed', () => {
  /** Node takes these, and gives no hint of it: what it has made of them has one meaning, and is written anew. */
  const repaired: readonly RequestFlaw[] = ['malformed chunk extension', 'other white space in request line']

  it.each(REQUEST_FLAWS.filter((it) => !repaired.includes(it)))(
    'by %s is never served whole',
    async (flaw) => {
      let whole = 0
      const { port } = await mounted(async ({ request: { body } }) => {
        await body.buffer()
        whole++
        return respond(200)
      })
      for (const { bytes } of fc.sample(malformedRequests({ flaws: [flaw] }), { numRuns: 10, seed: 7 })) {
        const { socket, end } = await raw(port)
        socket.end(bytes)
        await end
      }
      expect(whole).toBe(0)
    },
  )
})

describe('a body that other middleware has read', () => {
  const parsed = (
    keep: (req: IncomingMessage & { body?: unknown; rawBody?: unknown }, bytes: Buffer) => void,
  ) => ({
    before: (req: IncomingMessage, _: ServerResponse, next: () => void) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        keep(req, Buffer.concat(chunks))
        next()
      })
    },
  })

  it('is told by name, and never waited for', async () => {
    const error = silenced()
    const { url: users } = await service((_, res) => res.end('never'))
    const { url } = await mounted(
      pool([users]),
      parsed((req, bytes) => {
        req.body = JSON.parse(String(bytes))
      }),
    )
    const response = await fetch(url, { method: 'POST', body: '{"a":1}' })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('middleware')
    expect(error.mock.calls.flat()).toContainEqual(expect.objectContaining({ code: 'ERR_BODY_TAKEN' }))
  })

  it.each(['body', 'rawBody'] as const)('is sent on from %s, where that has the bytes', async (name) => {
    const { url: users } = await service((req, res) => req.pipe(res))
    const { url } = await mounted(
      pool([users]),
      parsed((req, bytes) => {
        req[name] = bytes
      }),
    )
    expect(await (await fetch(url, { method: 'POST', body: 'hello' })).text()).toBe('hello')
  })

  it('is not sent on from bytes that are not those that came', async () => {
    silenced()
    const { url } = await mounted(
      () => respond(200, 'ok'),
      parsed((req) => {
        req.body = Buffer.from('inflated, which is longer')
      }),
    )
    expect((await fetch(url, { method: 'POST', body: 'hello' })).status).toBe(500)
  })

  it('is of no interest where there was none', async () => {
    const { url } = await mounted(
      () => respond(200, 'ok'),
      parsed(() => {}),
    )
    expect((await fetch(url)).status).toBe(200)
  })
})

describe('the response', () => {
  it('comes at the pace of the client', async () => {
    let pulled = 0
    const { port, outcome } = await mounted(() =>
      respond(
        200,
        (async function* () {
          for (; pulled < 1_000; pulled++) yield Buffer.alloc(65_536)
        })(),
      ),
    )
    const { socket, end } = await raw(port)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await vi.waitFor(() => expect(pulled).toBeGreaterThan(5))
    const held = await steady(() => pulled)
    expect(held).toBeLessThan(500)
    socket.resume()
    expect((await end).length).toBeGreaterThan(65_536_000)
    expect(await outcome()).toMatchObject({ result: 'completed', bytesSent: 65_536_000 })
  })

  it('has trailers, and interim responses before it', async () => {
    const { port } = await mounted((exchange) => {
      exchange.inform(103, HeaderList.from([['Link', '</a.css>; rel=preload']]))
      return respond(200, trailing('hello', [['X-Sum', '7']]))
    })
    const { socket, until } = await raw(port)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const text = await until('X-Sum: 7\r\n\r\n')
    expect(text).toMatch(
      /^HTTP\/1.1 103 Early Hints\r\nlink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1.1 200 OK\r\n/i,
    )
    expect(text).toMatch(/5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n$/)
  })

  it.each([
    ['HEAD', 200, { 'Content-Length': '7' }, /Content-Length: 7\r\n/],
    ['GET', 204, {}, /^HTTP\/1.1 204 [\s\S]*\r\n\r\n$/],
    ['GET', 304, { ETag: '"a"', 'Content-Length': '7' }, /Content-Length: 7\r\n/],
    ['GET', 200, { Trailer: 'X-Sum' }, /Content-Length: 0\r\n/],
  ])('to %s with %s has the head that it should', async (method, status, headers, expected) => {
    const { port } = await mounted(() => respond(status, undefined, headers))
    const { socket, end } = await raw(port)
    socket.write(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const text = await end
    expect(text).toMatch(expected)
    expect(text).toMatch(/\r\n\r\n$/)
    expect(text).not.toContain('chunked')
  })

  it('breaks off where its service does, by chunks and by the end of the connection', async () => {
    const { url: users } = await service((_, res) => {
      res.write('part')
      setImmediate(() => res.destroy())
    })
    const { url, port, outcome } = await mounted(pool([users]))
    await expect(fetch(url).then((it) => it.text())).rejects.toThrow()
    expect((await outcome()).error?.code).toBe('upstream_response_incomplete')
    const { socket } = await raw(port)
    socket.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    // A reset: without one, the part would be the whole.
    const [error] = await once(socket, 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })

  it('of a service that is gone is a problem document', async () => {
    const { url: gone, server: gate } = await service(() => {})
    gate.close()
    const { url } = await mounted(pool([gone]))
    const response = await fetch(url)
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'application/problem+json'])
  })

  it.each<[string, (res: ServerResponse) => void, string | undefined]>([
    ['begun is broken off', (res) => res.write('theirs'), undefined],
    ['finished is left alone', (res) => res.end('theirs'), 'theirs'],
  ])('that other middleware has %s, and told of', async (_, write, expected) => {
    const error = silenced()
    const { url, outcome } = await mounted(() => respond(200, 'ours'), {
      before: (_, res, next) => {
        write(res)
        next()
      },
    })
    const text = await fetch(url)
      .then((it) => it.text())
      .catch(() => undefined)
    expect(text).toBe(expected)
    expect((await outcome()).error?.code).toBe('internal_error')
    expect(error.mock.calls.length).toBe(1)
  })
})

describe('a client that leaves', () => {
  it('before there is a response cancels the call of the service', async () => {
    const asked = Promise.withResolvers<IncomingMessage>()
    const { url: users } = await service((req) => asked.resolve(req))
    const { port, outcome } = await mounted(pool([users]))
    const { socket } = await raw(port)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const req = await asked.promise
    socket.destroy()
    await once(req.socket, 'close')
    expect(await outcome()).toMatchObject({ result: 'aborted', error: { code: 'client_aborted' } })
  })

  it('in the middle of a response cancels it at the service', async () => {
    const closed = Promise.withResolvers<void>()
    const { url: users } = await service((_, res) => {
      res.write('part')
      res.on('close', closed.resolve)
    })
    const { port, outcome } = await mounted(pool([users]))
    const { socket, until } = await raw(port)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('part')
    socket.destroy()
    await closed.promise
    expect((await outcome()).result).toBe('aborted')
  })

  it('takes with it requests that wait behind another one', async () => {
    const all = Promise.withResolvers<void>()
    let served = 0
    const { port, outcome } = await mounted(({ request: { path } }) => {
      if (++served === 21) all.resolve()
      return path === '/slow' ? new Promise(() => {}) : respond(200, 'ok')
    })
    const { socket } = await raw(port)
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
    socket.write(get('/slow') + get('/fast').repeat(20))
    await all.promise
    socket.destroy()
    // Node 22 tells none of those that wait.
    for (let n = 1; n <= 21; n++) expect((await outcome(n)).result).toBe('aborted')
  })

  it('before it is served is not served', async () => {
    const go = Promise.withResolvers<void>()
    const { port, begun } = await mounted(() => respond(200, 'ok'), {
      before: (req, _, next) => {
        req.socket.on('close', () => {
          next()
          go.resolve()
        })
      },
    })
    const { socket } = await raw(port)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    setImmediate(() => socket.destroy())
    await go.promise
    expect(begun.length).toBe(0)
  })

  it('leaves no listener on its connection', async () => {
    const sockets = new Set<Socket>()
    const { url } = await mounted(() => respond(200, 'ok'), {
      before: (req, _, next) => {
        sockets.add(req.socket)
        next()
      },
    })
    const dispatcher = new Agent({ connections: 1 })
    const ask = async () => (await undiciFetch(url, { dispatcher })).text()
    await ask()
    const [socket] = sockets
    const listeners = socket!.listenerCount('close')
    for (let i = 0; i < 5; i++) await ask()
    expect([sockets.size, socket!.listenerCount('close')]).toEqual([1, listeners])
    await dispatcher.close()
  })
})

describe('over HTTP/2', () => {
  async function mountedHttp2(
    target: Handler | ReturnType<typeof pool>,
    before: (req: Http2ServerRequest, next: () => void) => void = (_, next) => next(),
  ) {
    const listener = toNodeListener(proxy().route('/', target))
    const server = createHttp2Server((req, res) => before(req, () => listener(req, res)))
    const { url } = await listening(server)
    const session = connectHttp2(url)
    onTestFinished(async () => {
      session.destroy()
      server.close()
      await listener.close()
    })
    return session
  }

  it('serves requests with content, cookies in pieces, lists and trailers', async () => {
    const { url: users } = await service((req, res) => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2'])
      res.setHeader('Trailer', 'X-Sum')
      req.on('data', (chunk) => res.write(`${req.headers.cookie} ${req.headers.host} ${chunk}`))
      req.on('end', () => {
        res.addTrailers({ 'X-Sum': '7' })
        res.end()
      })
    })
    const session = await mountedHttp2(pool([users]))
    const stream = session.request({
      ':method': 'POST',
      ':path': '/x',
      ':authority': 'shop.example',
      cookie: ['c=3', 'd=4'],
    })
    stream.end('hello')
    let trailers: unknown
    stream.on('trailers', (it) => {
      trailers = it
    })
    const [head] = await once(stream, 'response')
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += chunk
    expect(head).toMatchObject({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] })
    expect(text).toBe('c=3; d=4 shop.example hello')
    expect(trailers).toMatchObject({ 'x-sum': '7' })
  })

  it('refuses what names two hosts', async () => {
    const session = await mountedHttp2((exchange) => respond(200, exchange.request.host))
    const stream = session.request({ ':path': '/', ':authority': 'one.example', host: 'other.example' })
    const [head] = await once(stream, 'response')
    stream.resume()
    expect(head[':status']).toBe(400)
  })

  it('a reset stream cancels the call, and a service that breaks off resets the stream', async () => {
    const asked = Promise.withResolvers<IncomingMessage>()
    const { url: users } = await service((req, res) => {
      if (req.url === '/broken') {
        res.write('part')
        setImmediate(() => res.destroy())
      } else asked.resolve(req)
    })
    const session = await mountedHttp2(pool([users]))
    const left = session.request({ ':path': '/left' })
    const req = await asked.promise
    left.close()
    await once(req.socket, 'close')
    const broken = session.request({ ':path': '/broken' })
    broken.resume()
    await expect(once(broken, 'end')).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' })
  })
  it.each(['stream', 'session'] as const)('a request of which the %s is gone is not served', async (what) => {
    const served = vi.fn(() => respond(200))
    const went = Promise.withResolvers<void>()
    const session = await mountedHttp2(served, (req, next) => {
      req.on('close', () =>
        setImmediate(() => {
          next()
          went.resolve()
        }),
      )
      if (what === 'stream') stream.close()
      else session.destroy()
    })
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await went.promise
    expect(served).not.toHaveBeenCalled()
  })
})

describe('upgrade', () => {
  it('lets WebSockets through, and closes what is refused', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    sockets.on('connection', (socket) =>
      socket.on('message', (message) =>
        socket.send(Buffer.concat([Buffer.from('echo '), message as Buffer])),
      ),
    )
    await once(sockets, 'listening')
    onTestFinished(() => sockets.close())
    const { port: service } = sockets.address() as AddressInfo
    const { port, server, listener, outcome } = await mounted(pool([`http://127.0.0.1:${service}`]))
    server.on('upgrade', listener.upgrade)
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`)
    await once(socket, 'open')
    socket.send('hello')
    const [message] = await once(socket, 'message')
    expect(String(message)).toBe('echo hello')
    socket.close()
    expect((await outcome()).status).toBe(101)
  })

  it('answers what asks for another protocol as any request, and ends the connection', async () => {
    const { port, server, listener } = await mounted(() => respond(200, 'plain'))
    server.on('upgrade', listener.upgrade)
    const { socket, end } = await raw(port)
    const ask = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
    socket.write(ask + ask)
    const text = await end
    expect(text).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close\r\n\r\nplain$/)
  })
})

describe('time', () => {
  it('ends an upload that comes too slowly, with 408', async () => {
    const clock = virtualClock()
    let received = 0
    const { port, outcome } = await mounted(
      async ({ request: { body } }) => {
        for await (const chunk of body) received += chunk.byteLength
        return respond(200)
      },
      { surroundings: { clock }, limits: { bodyIdleMs: '5s', minBodyBytesPerSecond: 2 } },
    )
    const { socket, until } = await raw(port)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n0123456789')
    await vi.waitFor(() => expect(received).toBe(10))
    await clock.advance(5_001)
    // That was enough; what follows is not.
    socket.write('012345678')
    await vi.waitFor(() => expect(received).toBe(19))
    await clock.advance(5_001)
    expect(await until('request_body_timeout')).toContain('HTTP/1.1 408 ')
    expect((await outcome()).error?.code).toBe('request_body_timeout')
    expect(clock.nextInMs).toBeUndefined()
  })

  it('lets an upload wait that we hold up ourselves', async () => {
    const clock = virtualClock()
    const go = Promise.withResolvers<void>()
    let received = 0
    const { port } = await mounted(
      async ({ request: { body } }) => {
        for await (const chunk of body) {
          received += chunk.byteLength
          await go.promise
        }
        return respond(200, String(received))
      },
      { surroundings: { clock }, limits: { bodyIdleMs: '5s' } },
    )
    const { socket, until } = await raw(port)
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`)
    await vi.waitFor(() => expect(received).toBeGreaterThan(0))
    await clock.advance(60_000)
    go.resolve()
    expect(await until('200000')).toContain('HTTP/1.1 200 OK')
  })

  it('ends a response that the client does not take', async () => {
    const clock = virtualClock()
    let pulled = 0
    const { port, outcome } = await mounted(
      () =>
        respond(
          200,
          (async function* () {
            for (;;) {
              pulled++
              yield Buffer.alloc(65_536)
            }
          })(),
        ),
      { surroundings: { clock }, limits: { sendIdleMs: '5s' } },
    )
    const { socket } = await raw(port)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await vi.waitFor(() => expect(pulled).toBeGreaterThan(5))
    await steady(() => pulled)
    await clock.advance(5_001)
    expect(await outcome()).toMatchObject({ result: 'aborted', error: { code: 'client_stalled' } })
    expect(clock.nextInMs).toBeUndefined()
  })
})

describe('over TLS', () => {
  it('knows the scheme and what was agreed on', async () => {
    const { key, cert } = selfSigned()
    let seen: Exchange | undefined
    const listener = toNodeListener(
      proxy().route('/', (exchange) => {
        seen = exchange
        return respond(200, 'ok')
      }),
    )
    const server = createSecureServer({ key, cert }, listener)
    const { port } = await listening(server)
    onTestFinished(async () => {
      server.close()
      server.closeAllConnections()
      await listener.close()
    })
    const dispatcher = new Agent({ connect: { ca: cert } })
    expect(await (await undiciFetch(`https://localhost:${port}/`, { dispatcher })).text()).toBe('ok')
    await dispatcher.close()
    expect([seen?.request.scheme, seen?.client.tls?.protocol, seen?.client.tls?.servername]).toEqual([
      'https',
      'TLSv1.3',
      'localhost',
    ])
  })
})

describe('a reset', () => {
  it.each(['http', 'https'])('of a client over %s is one', async (scheme) => {
    const { key, cert } = selfSigned()
    const listener = toNodeListener(
      proxy().route('/', fault({ enabled: () => true, abort: { reset: true } }), () => respond(200)),
    )
    const server = scheme === 'https' ? createSecureServer({ key, cert }, listener) : createServer(listener)
    const { port } = await listening(server)
    onTestFinished(async () => {
      server.close()
      server.closeAllConnections()
      await listener.close()
    })
    const dispatcher = new Agent({ connect: { ca: cert } })
    await expect(undiciFetch(`${scheme}://localhost:${port}/`, { dispatcher })).rejects.toThrow()
    await dispatcher.close()
  })

  it('of a client of a Unix socket is an end', async () => {
    const listener = toNodeListener(
      proxy().route('/', fault({ enabled: () => true, abort: { reset: true } }), () => respond(200)),
    )
    const server = createServer(listener)
    const directory = await mkdtemp(join(tmpdir(), 'gatewright-'))
    const socketPath = join(directory, 'socket')
    server.listen(socketPath)
    await once(server, 'listening')
    onTestFinished(async () => {
      server.close()
      await listener.close()
      await rm(directory, { recursive: true })
    })
    await expect(once(get({ socketPath }), 'response')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('takes the place of one where a body without framing breaks off over TLS', async () => {
    const { key, cert } = selfSigned()
    const ended = Promise.withResolvers<Outcome>()
    const listener = toNodeListener(
      proxy().route('/', (exchange) => {
        exchange.onComplete(ended.resolve)
        return respond(
          200,
          (async function* () {
            yield Buffer.from('a part')
            throw new Error('broken')
          })(),
        )
      }),
    )
    const server = createSecureServer({ key, cert }, listener)
    const { port } = await listening(server)
    onTestFinished(async () => {
      server.close()
      server.closeAllConnections()
      await listener.close()
    })
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const socket = connectTls({ port, ca: cert, servername: 'localhost' })
    socket.on('error', () => {})
    socket.resume()
    socket.write('GET / HTTP/1.0\r\n\r\n')
    expect((await ended.promise).result).toBe('failed')
    await once(socket, 'close')
    vi.restoreAllMocks()
  })
})

describe('its end', () => {
  it('is that of what filters have under way too', async () => {
    const called = Promise.withResolvers<Exchange>()
    const { url, listener } = await mounted(async (exchange) => {
      const never: Handler = (call) => {
        called.resolve(call)
        return new Promise(() => {})
      }
      void exchange.call(never, new RequestMessage(), { detached: true })
      return respond(200, 'ok')
    })
    expect((await fetch(url)).status).toBe(200)
    const call = await called.promise
    await listener.close()
    expect(call.abortReason?.code).toBe('proxy_closed')
  })

  it('drains, then answers 503', async () => {
    const go = Promise.withResolvers<void>()
    const { url, listener, begun } = await mounted(async () => {
      await go.promise
      return respond(200, 'ok')
    })
    const running = fetch(url)
    await vi.waitFor(() => expect(begun.length).toBe(1))
    const drained = listener.drain('1m')
    go.resolve()
    const response = await running
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close'])
    await drained
    const late = await fetch(url)
    expect([late.status, late.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
  })

  it('answers what runs when it is closed, and lets connections to services go', async () => {
    const asked = Promise.withResolvers<IncomingMessage>()
    const { url: users } = await service((req) => asked.resolve(req))
    const { url, listener } = await mounted(pool([users]))
    const running = fetch(url)
    const req = await asked.promise
    const [, response] = await Promise.all([listener.close(), running, once(req.socket, 'close')])
    expect(response.status).toBe(503)
  })
})

describe('toNodeListener', () => {
  it.each<[string, unknown, unknown]>([
    ['app', undefined, {}],
    ['app', () => respond(200), {}],
    ['limits', proxy().route('/', () => respond(200)), { limit: {} }],
    ['headMs', proxy().route('/', () => respond(200)), { limits: { headMs: 1 } }],
    ['bodyBytes', proxy().route('/', () => respond(200)), { limits: { bodyBytes: -1 } }],
    ['trustedProxies', proxy().route('/', () => respond(200)), { trustedProxies: 'all' }],
    ['trustedField', proxy().route('/', () => respond(200)), { trustedField: 'x' }],
  ])('refuses a wrong %s', (_, app, options) => {
    expect(() => toNodeListener(app as never, options as NodeListenerOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })

  it('serves curl, which waits for 100 with large content', async () => {
    const { url: users } = await service((req, res) => req.pipe(res))
    const { url } = await mounted(pool([users]))
    const { stdout } = await execute('timeout', [
      '10',
      'curl',
      '-sS',
      '-H',
      'Expect: 100-continue',
      '-d',
      'x'.repeat(100_000),
      url,
    ])
    expect(stdout.length).toBe(100_000)
  })
})

/** A body of one chunk with trailers, as a service over HTTP would have sent it. */
function trailing(text: string, trailers: [string, string][]): Body {
  return new Body({
    length: undefined,
    open(sink) {
      sink.onChunk(Buffer.from(text))
      sink.onEnd(HeaderList.from(trailers))
    },
    pause: () => {},
    resume: () => {},
    cancel: () => {},
  })
}

/** A number once it no longer grows. */
async function steady(read: () => number): Promise<number> {
  for (let last = -1, same = 0; ; ) {
    await new Promise(setImmediate)
    const now = read()
    same = now === last ? same + 1 : 0
    if (same === 200) return now
    last = now
  }
}
