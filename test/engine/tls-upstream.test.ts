import { constants, createHash, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { type PoolOptions, selfSigned, type TlsConnectOptions } from '../../src/index.ts'
import { virtualClock } from '../../src/testing/index.ts'
import { makeCertificate } from '../../src/transport/tls/certificate.ts'
import { client, type GatewayOptions, GET, gateway, onRealSockets, SWITCHED, WEBSOCKET } from './support.ts'
import { TestAuthority } from './test-authority.ts'

// The TLS is Node's own.
onRealSockets()

const { cert, key } = ofLocalhostAlone()

/** As `selfSigned`, but without the addresses. */
function ofLocalhostAlone(minutes = 1_440) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const validTo = Date.now() + minutes * 60_000
  const issuer = { subject: 'localhost', privateKey }
  return {
    cert: makeCertificate({
      subject: 'localhost',
      publicKey,
      issuer,
      names: ['localhost'],
      validFrom: 0,
      validTo,
    }),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** A TLS service that answers every request with the server name it was asked for. Gives its port. */
async function service(
  options: TlsOptions = { key, cert },
  onSocket?: (socket: TLSSocket) => void,
): Promise<number> {
  const server = createServer(options, (socket) => {
    onSocket?.(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const asked = chunk.toString('latin1')
      if (asked.includes('Upgrade: websocket')) socket.write(`${SWITCHED}early`)
      else if (!asked.startsWith('GET')) socket.write(chunk)
      else {
        const name = String(socket.servername)
        const body = asked.startsWith('GET /large') ? 'x'.repeat(3_000_000) : name
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      }
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function answered(url: string, options: GatewayOptions, request = GET) {
  const app = await gateway(url, options)
  const from = await client(app)
  await from.send(request)
  const response = await from.response()
  return { app, from, response }
}

describe('an https: endpoint', () => {
  it('is reached when its certificate is trusted and names it', async () => {
    const port = await service()
    const { from, response } = await answered(`https://localhost:${port}`, { pool: { tls: { ca: cert } } })
    expect(response.status).toBe(200)
    expect(response.body.toString()).toBe('localhost')
    await from.send(GET.replace('/', '/large'))
    expect((await from.response()).body.length).toBe(3_000_000)
  })

  it('502: a certificate that nobody vouches for', async () => {
    const { app, response } = await answered(`https://localhost:${await service()}`, {})
    expect(response.status).toBe(502)
    expect(response.header('proxy-status')).toBe('gatewright; error=tls_certificate_error')
    expect(app.outcomes[0]?.error?.code).toBe('upstream_certificate_invalid')
  })

  it('502: a certificate for another name', async () => {
    const { app, response } = await answered(`https://127.0.0.1:${await service()}`, {
      pool: { tls: { ca: cert } },
    })
    expect(response.status).toBe(502)
    expect(app.outcomes[0]?.error?.code).toBe('upstream_certificate_invalid')
  })

  it('another server name can be asked for', async () => {
    const { response } = await answered(`https://127.0.0.1:${await service()}`, {
      pool: { tls: { ca: cert, servername: 'localhost' } },
    })
    expect(response.body.toString()).toBe('localhost')
  })

  it('any certificate is accepted when told so', async () => {
    const { response } = await answered(`https://127.0.0.1:${await service()}`, {
      pool: { tls: { dangerouslyAcceptAnyCertificate: true } },
    })
    expect(response.status).toBe(200)
  })

  it('502: a service that speaks no TLS', async () => {
    const plain = createTcpServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void plain.close())
    const { app, response } = await answered(`https://localhost:${(plain.address() as AddressInfo).port}`, {})
    expect(response.status).toBe(502)
    expect(app.outcomes[0]?.error?.code).toBe('upstream_tls_failed')
  })

  it('504: a service that never answers the handshake is left, and its connection closed', async () => {
    const clock = virtualClock()
    const greeted = Promise.withResolvers<Socket>()
    const silent = createTcpServer((socket) => {
      socket.on('error', () => {}).once('data', () => greeted.resolve(socket))
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const app = await gateway(`https://localhost:${(silent.address() as AddressInfo).port}`, {
      pool: { connectMs: '1m', tlsMs: '3s' },
      start: { surroundings: { clock } },
    })
    const from = await client(app)
    await from.send(GET)
    const socket = await greeted.promise
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    await clock.advance('3s')
    expect((await from.response()).status).toBe(504)
    expect(app.outcomes[0]?.error?.code).toBe('upstream_tls_timeout')
    await closed
  })

  it('a tunnel through it carries early bytes and both directions', async () => {
    const { from, response } = await answered(
      `https://localhost:${await service()}`,
      { pool: { tls: { ca: cert } } },
      WEBSOCKET,
    )
    expect(response.status).toBe(101)
    expect(await from.until('early')).toBe('early')
    await from.send('ping')
    expect(await from.until('ping')).toBe('ping')
    from.end()
    await from.over
  })
})

/** Asks a service once through a proxy of its own; gives the status, or what went wrong. */
async function outcomeOf(port: number, tls: TlsConnectOptions, host = 'localhost'): Promise<string | number> {
  const { app, response, from } = await answered(`https://${host}:${port}`, { pool: { tls } })
  from.close()
  return app.outcomes[0]?.error?.code ?? response.status
}

/** Bytes of requests that have come to a service. */
function counting() {
  let bytes = 0
  return {
    onSocket: (socket: TLSSocket) => void socket.on('data', (chunk: Buffer) => (bytes += chunk.length)),
    get bytes() {
      return bytes
    },
  }
}

describe('the name of a service', () => {
  it('that is verified can be another one than is asked for', async () => {
    const port = await service()
    const asked = await answered(`https://127.0.0.1:${port}`, {
      pool: { tls: { ca: cert, servername: 'shard-7.internal', verifyName: 'localhost' } },
    })
    expect(asked.response.body.toString()).toBe('shard-7.internal')
    expect(await outcomeOf(port, { ca: cert, verifyName: 'other.test' })).toBe('upstream_certificate_invalid')
  })

  it('can be an address', async () => {
    const both = selfSigned()
    const port = await service(both)
    expect(await outcomeOf(port, { ca: both.cert }, '127.0.0.1')).toBe(200)
    expect(await outcomeOf(port, { ca: both.cert, servername: '127.0.0.2' }, '127.0.0.1')).toBe(
      'upstream_certificate_invalid',
    )
    expect(await outcomeOf(port, { ca: both.cert, verifyName: '::1' }, '127.0.0.1')).toBe(200)
  })
})

describe('a certificate that is not accepted', () => {
  const authority = new TestAuthority()

  it.each([
    ['is out of date', authority.issue(['localhost'], { days: -1 }), authority.cert],
    ['is of another name', authority.issue(['other.test']), authority.cert],
    [
      'is of an authority that is not trusted',
      new TestAuthority('Other').issue(['localhost']),
      authority.cert,
    ],
    ['was signed by one that may not', signedByNoAuthority(), authority.cert],
  ])('because it %s: not a byte of the request is sent', async (_, pair, ca) => {
    const heard = counting()
    const port = await service(pair, heard.onSocket)
    expect(await outcomeOf(port, { ca })).toBe('upstream_certificate_invalid')
    expect(heard.bytes).toBe(0)
  })

  /** Its chain is whole, but goes through a certificate that is none of an authority. */
  function signedByNoAuthority() {
    const middle = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const dates = { validFrom: 0, validTo: Date.now() + 86_400_000 }
    const issue = (subject: string, publicKey: KeyObject) =>
      authority.sign({ subject, publicKey, names: [subject], ...dates })
    return {
      cert:
        makeCertificate({
          ...{ subject: 'localhost', names: ['localhost'], publicKey: leaf.publicKey, ...dates },
          issuer: { subject: 'middle.test', privateKey: middle.privateKey },
        }) + issue('middle.test', middle.publicKey),
      key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    }
  }
})

describe('a service that asks for a certificate', () => {
  const authority = new TestAuthority()
  const mine = authority.issue([], { subject: 'proxy' })
  const asking = { key, cert, ca: authority.cert, requestCert: true, rejectUnauthorized: true }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is shown that of the pool: %s', async (maxVersion) => {
    const subjects: string[] = []
    const port = await service({ ...asking, maxVersion }, (socket) =>
      subjects.push(socket.getPeerCertificate().subject.CN as string),
    )
    expect(await outcomeOf(port, { ca: cert, ...mine })).toBe(200)
    expect(subjects).toEqual(['proxy'])
  })

  it.each([
    ['TLSv1.2', 'upstream_tls_failed'],
    ['TLSv1.3', 'upstream_reset'],
  ] as const)('does not answer without: %s', async (maxVersion, code) => {
    const port = await service({ ...asking, maxVersion })
    expect(await outcomeOf(port, { ca: cert })).toBe(code)
  })
})

describe('pinned keys', () => {
  const authority = new TestAuthority('Pinned')
  const between = new TestAuthority('Between', authority)
  const issued = between.issue(['localhost'])
  const chain = { key: issued.key, cert: issued.cert + between.cert }
  const pinOf = (publicKey: KeyObject) =>
    createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64')
  const strange = pinOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)

  it.each([
    ['of the certificate', pinOf(new X509Certificate(issued.cert).publicKey)],
    ['of the one that has signed it', pinOf(between.publicKey)],
    ['of the authority', pinOf(authority.publicKey)],
  ])('let a certificate pass by the key %s', async (_, pin) => {
    const port = await service(chain)
    expect(await outcomeOf(port, { ca: authority.cert, pins: [strange, pin] })).toBe(200)
  })

  it('keep all others out, trusted as they may be: not a byte of the request is sent', async () => {
    for (const rest of [{ ca: authority.cert }, { dangerouslyAcceptAnyCertificate: true }]) {
      const heard = counting()
      const port = await service(chain, heard.onSocket)
      const { app } = await answered(`https://localhost:${port}`, {
        pool: { tls: { ...rest, pins: [strange] } },
      })
      const { error } = await app.outcome()
      expect(error).toMatchObject({
        code: 'upstream_certificate_invalid',
        cause: { code: 'ERR_TLS_CERT_NOT_PINNED' },
      })
      expect(heard.bytes).toBe(0)
    }
  })

  it('are enough where any certificate is accepted', async () => {
    const port = await service()
    const pins = [pinOf(new X509Certificate(cert).publicKey)]
    expect(await outcomeOf(port, { dangerouslyAcceptAnyCertificate: true, pins })).toBe(200)
  })

  it('are not satisfied by a certificate that was only sent along', async () => {
    // An authority that is trusted, and in the wrong hands, has the name of the pinned one, and sends that one's certificate.
    const trusted = new TestAuthority('Pinned')
    const forged = trusted.issue(['localhost'])
    const port = await service({ key: forged.key, cert: forged.cert + authority.cert })
    expect(await outcomeOf(port, { ca: trusted.cert })).toBe(200)
    const pins = [pinOf(authority.publicKey)]
    expect(await outcomeOf(port, { ca: trusted.cert, pins })).toBe('upstream_certificate_invalid')
  })

  it('count for connections that go on with a session, too', async () => {
    const heard = counting()
    const port = await service(chain, heard.onSocket)
    const app = await gateway(`https://localhost:${port}`, {
      pool: { tls: { ca: authority.cert, pins: [strange] }, maxConnections: 1 },
    })
    for (let i = 0; i < 3; i++) {
      const from = await client(app)
      await from.send(GET)
      expect((await from.response()).status).toBe(502)
      from.close()
    }
    expect(heard.bytes).toBe(0)
  })
})

describe('connections to a service', () => {
  /** Asks again and again, each time on a new connection. */
  async function thrice(
    options: TlsOptions,
    tls: TlsConnectOptions = { ca: cert },
    between: () => void = () => {},
    http2: PoolOptions['http2'] = false,
  ) {
    const seen: { resumed: boolean; protocol: string | null; alpn: string | false | null }[] = []
    const port = await service({ ALPNProtocols: ['h2', 'http/1.1'], ...options }, (socket) =>
      seen.push({
        resumed: socket.isSessionReused(),
        protocol: socket.getProtocol(),
        alpn: socket.alpnProtocol,
      }),
    )
    const app = await gateway(`https://localhost:${port}`, { pool: { tls, idleMs: 0, http2 } })
    const from = await client(app)
    for (let i = 0; i < 3; i++) {
      await from.send(GET)
      expect((await from.response()).status).toBe(200)
      between()
    }
    return seen
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'go on with the session of the one before: %s',
    async (maxVersion) => {
      const seen = await thrice({ key, cert, maxVersion })
      expect(seen.map(({ resumed, protocol }) => [resumed, protocol])).toEqual([
        [false, maxVersion],
        [true, maxVersion],
        [true, maxVersion],
      ])
    },
  )

  it('go on with it also where HTTP/2 is offered', async () => {
    const seen = await thrice({ key, cert, ALPNProtocols: ['http/1.1'] }, { ca: cert }, () => {}, 'auto')
    expect(seen.map(({ resumed }) => resumed)).toEqual([false, true, true])
  })

  it.each([
    ['was seen an hour ago', { key, cert }, 59, [false, true, false]],
    ['is out of date since', ofLocalhostAlone(50), 30, [false, true, false]],
  ] as const)('ask for a certificate anew that %s', async (_, pair, minutes, resumed) => {
    const now = Date.now()
    let passed = 0
    const wallTime = vi.spyOn(systemClock, 'wallTime').mockImplementation(() => now + passed * 60_000)
    onTestFinished(() => wallTime.mockRestore())
    const seen = await thrice(pair, { ca: pair.cert }, () => {
      passed += minutes
    })
    expect(seen.map((it) => it.resumed)).toEqual(resumed)
  })

  it('offer the protocol that is spoken', async () => {
    expect((await thrice({ key, cert })).map(({ alpn }) => alpn)).toEqual([
      'http/1.1',
      'http/1.1',
      'http/1.1',
    ])
  })

  it('do without a session that the service does not know any more', async () => {
    const seen = await thrice({ key, cert, sessionTimeout: 1, secureOptions: NO_TICKET })
    expect(seen.map(({ resumed }) => resumed)).toEqual([false, false, false])
  })

  it('are made by TLS 1.3 alone where told to, and never by what is older than 1.2', async () => {
    expect(
      await outcomeOf(await service({ key, cert, maxVersion: 'TLSv1.2' }), {
        ca: cert,
        minVersion: 'TLSv1.3',
      }),
    ).toBe('upstream_tls_failed')
    const old = { key, cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    expect(await outcomeOf(await service(old), { ca: cert })).toBe('upstream_tls_failed')
  })

  it('a client that resets a tunnel resets it to the service: the process lives on', async () => {
    const ends = Promise.withResolvers<void>()
    const port = await service({ key, cert }, (socket) => socket.once('close', () => ends.resolve()))
    const { from, response, app } = await answered(
      `https://localhost:${port}`,
      { pool: { tls: { ca: cert } } },
      WEBSOCKET,
    )
    expect(response.status).toBe(101)
    await from.until('early')
    from.reset()
    await ends.promise
    expect(await app.outcome()).toMatchObject({ result: 'aborted', error: { code: 'client_aborted' } })
  })
})

const NO_TICKET = constants.SSL_OP_NO_TICKET
