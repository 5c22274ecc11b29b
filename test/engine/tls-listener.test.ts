import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ClientCertificate,
  proxy,
  respond,
  respondJson,
  selfSigned,
  type TlsListenOptions,
} from '../../src/index.ts'
import { memoryNetwork, virtualClock } from '../../src/testing/index.ts'
import { answer, GET, gateway, onRealSockets, rawUpstream } from './support.ts'
import { TestAuthority } from './test-authority.ts'
import { sessionOf, type TlsClient, tlsClient } from './tls-client.ts'
import { refusing } from './tls-gateway.ts'

// The TLS is Node's own.
onRealSockets()

const authority = new TestAuthority()
const own = authority.issue(['a.test', '*.b.test'])

/** Never asked. */
const NOBODY = 'http://127.0.0.1:9'

/** A proxy that answers by itself what it knows of its client. */
const knowing = (tls: TlsListenOptions = own) =>
  gateway(NOBODY, {
    tls,
    target: ({ client }) => {
      const { clientCertificate, ...facts } = client.tls!
      return respondJson(200, { scheme: client.scheme, ...facts, certificate: shown(clientCertificate) })
    },
  })

function shown(certificate: ClientCertificate | undefined) {
  if (certificate === undefined) return undefined
  const { authorized, authorizationError, subject, issuer, subjectAltNames } = certificate
  return { authorized, authorizationError, subject, issuer, subjectAltNames }
}

async function ask({ peer }: TlsClient): Promise<Record<string, unknown>> {
  await peer.send(GET)
  return JSON.parse((await peer.response()).body.toString()) as Record<string, unknown>
}

/** Connects, asks once, and leaves. */
async function askOnce(app: { readonly url: string }, options?: ConnectionOptions) {
  const client = await tlsClient(app, options)
  const facts = await ask(client)
  client.peer.close()
  return facts
}

describe('a listener with TLS', () => {
  it('has an https url, and serves clients that trust its certificate', async () => {
    const app = await knowing()
    expect(app.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(app.running.urls).toEqual([app.url])
    expect(
      await askOnce(app, {
        ca: authority.cert,
        servername: 'x.b.test',
        ALPNProtocols: ['spdy/3', 'http/1.1'],
      }),
    ).toEqual({
      scheme: 'https',
      protocol: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
      alpn: 'http/1.1',
      servername: 'x.b.test',
      resumed: false,
    })
  })

  it('tells services that the client came by https', async () => {
    const upstream = (await rawUpstream()).answer((request) =>
      answer(200, `${request.header('x-forwarded-proto')} ${request.header('x-forwarded-port')}`),
    )
    const app = await gateway(upstream, { tls: own })
    const { peer } = await tlsClient(app)
    await peer.send(GET)
    expect((await peer.response()).body.toString()).toBe(`https ${new URL(app.url).port}`)
  })

  it('speaks TLS 1.2 and 1.3, and not what is older', async () => {
    const app = await knowing()
    expect(await askOnce(app, { maxVersion: 'TLSv1.2' })).toMatchObject({
      protocol: 'TLSv1.2',
      cipher: expect.stringContaining('TLS_ECDHE_ECDSA'),
    })
    expect(await askOnce(app, { minVersion: 'TLSv1.3' })).toMatchObject({ protocol: 'TLSv1.3' })
    await expect(tlsClient(app, OLD)).rejects.toThrow(/protocol version/)
    expect(app.running.refusedConnections).toEqual(new Map([['handshake_failed', 1]]))
  })

  it('speaks TLS 1.3 alone where told to', async () => {
    const app = await knowing({ ...own, minVersion: 'TLSv1.3' })
    expect(await askOnce(app)).toMatchObject({ protocol: 'TLSv1.3' })
    await expect(tlsClient(app, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
  })

  it('speaks what is older where someone insists', async () => {
    const app = await knowing({ ...own, dangerouslyAllowTls10And11: true })
    expect(await askOnce(app, OLD)).toMatchObject({ protocol: 'TLSv1.1' })
    expect(await askOnce(app)).toMatchObject({ protocol: 'TLSv1.3' })
  })

  it('takes ciphers with forward secrecy only', async () => {
    const app = await knowing()
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256'])
      await expect(tlsClient(app, { maxVersion: 'TLSv1.2', ciphers }), ciphers).rejects.toThrow(
        /handshake failure/,
      )
  })

  it.each([
    [false, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
    [true, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  ])('goes by its own order of ciphers: %s', async (preferServerCiphers, cipher) => {
    const app = await knowing({ ...own, preferServerCiphers })
    const ciphers = 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256'
    expect(await askOnce(app, { maxVersion: 'TLSv1.2', ciphers })).toMatchObject({ cipher })
  })

  it('refuses a client that speaks none of its protocols', async () => {
    const app = await knowing()
    await expect(tlsClient(app, { ALPNProtocols: ['spdy/3'] })).rejects.toThrow(/no application protocol/)
    expect(await askOnce(app)).not.toHaveProperty('alpn')
  })
})

/** OpenSSL 3 speaks these at security level 0 only. */
const OLD: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }

describe('the certificate that is shown', () => {
  const certificates = [
    authority.issue(['first.test', 'f.a.test'], { subject: 'first' }),
    authority.issue(['a.test', '*.a.test'], { subject: 'a' }),
    { ...authority.issue([], { subject: 'given' }), names: ['given.test', 'x.a.test'] },
  ]

  it.each([
    ['a.test', 'a'],
    ['A.TEST', 'a'],
    ['www.a.test', 'a'],
    ['x.a.test', 'given'],
    ['y.x.a.test', 'first'],
    ['given.test', 'given'],
    ['first.test', 'first'],
    ['f.a.test', 'first'],
    ['unknown.test', 'first'],
    [undefined, 'first'],
  ])('to a client that asks for %s is that of %s', async (servername, subject) => {
    const app = await knowing({ certificates })
    const client = await tlsClient(app, { servername: servername ?? '' })
    expect(client.socket.getPeerCertificate().subject.CN).toBe(subject)
    expect((await ask(client)).servername).toBe(servername)
  })

  it('brings along what stands between it and the authority', async () => {
    const intermediate = new TestAuthority('Between', authority)
    const { cert, key } = intermediate.issue(['chain.test'])
    const app = await knowing({ cert: cert + intermediate.cert, key })
    expect(await askOnce(app, { ca: authority.cert, servername: 'chain.test' })).toMatchObject({
      servername: 'chain.test',
    })
  })

  it('brings along what the authority says of it, where the client asks', async () => {
    const ocsp = Buffer.from([0x30, 3, 0x0a, 1, 0])
    const app = await knowing({ certificates: [certificates[0]!, { ...certificates[1]!, ocsp }] })
    const stapled = async (servername: string) => {
      const { promise, resolve } = Promise.withResolvers<Buffer | null>()
      await tlsClient(app, {
        servername,
        requestOCSP: true,
        onSocket: (socket) => socket.once('OCSPResponse', resolve),
      })
      return promise
    }
    expect(await stapled('a.a.test')).toEqual(ocsp)
    expect(await stapled('a.test')).toEqual(ocsp)
    expect(await stapled('first.test')).toBeNull()
  })
})

describe('certificates of clients', () => {
  const stranger = new TestAuthority('Stranger')
  const clients = {
    'one of ours': authority.issue([], { subject: 'Jo, of ours' }),
    'one of another authority': stranger.issue([], { subject: 'someone else' }),
    'one that is out of date': authority.issue([], { subject: 'late', days: -1 }),
    'one that vouches for itself': selfSigned({ names: ['self.test'] }),
    none: undefined,
  }
  type Who = keyof typeof clients

  const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

  it.each(TLS_VERSIONS)('are not asked for by default: %s', async (maxVersion) => {
    const app = await knowing()
    expect(await askOnce(app, { maxVersion, ...clients['one of ours'] })).not.toHaveProperty('certificate')
  })

  it.each<[Who, object | undefined]>([
    [
      'one of ours',
      { authorized: true, subject: 'CN=Jo\\, of ours', issuer: 'CN=Test Authority', subjectAltNames: [] },
    ],
    [
      'one of another authority',
      { authorized: false, authorizationError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    ],
    ['one that is out of date', { authorized: false, authorizationError: 'CERT_HAS_EXPIRED' }],
    [
      'one that vouches for itself',
      {
        authorized: false,
        authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
        subjectAltNames: [
          'DNS:self.test',
          'DNS:localhost',
          'IP Address:127.0.0.1',
          'IP Address:0:0:0:0:0:0:0:1',
        ],
      },
    ],
    ['none', undefined],
  ])('are shown to filters where they are requested: %s', async (who, expected) => {
    const app = await knowing({ ...own, clientCertificates: 'request', clientCa: authority.cert })
    for (const maxVersion of TLS_VERSIONS) {
      const { certificate } = await askOnce(app, { maxVersion, ...clients[who] })
      if (expected === undefined) expect(certificate).toBeUndefined()
      else expect(certificate).toMatchObject(expected)
    }
  })

  it('authorize nobody where nobody vouches for them', async () => {
    const app = await knowing({ ...own, clientCertificates: 'request' })
    expect(await askOnce(app, clients['one of ours'])).toMatchObject({ certificate: { authorized: false } })
  })

  it.each(TLS_VERSIONS)('let those in that are trusted, where they are required: %s', async (maxVersion) => {
    const app = await knowing({
      ...own,
      clientCertificates: 'require',
      clientCa: [stranger.cert, authority.cert],
    })
    for (const who of ['one of ours', 'one of another authority'] as const)
      expect(await askOnce(app, { maxVersion, ...clients[who] })).toMatchObject({
        certificate: { authorized: true },
      })
  })

  it.each(
    TLS_VERSIONS.flatMap((version) =>
      (
        [
          'one of another authority',
          'one that is out of date',
          'one that vouches for itself',
          'none',
        ] as const
      ).map((who) => [version, who] as const),
    ),
  )('keep all others out, where they are required: %s, %s', async (maxVersion, who) => {
    const { app, refused } = await refusing({
      ...own,
      clientCertificates: 'require',
      clientCa: authority.cert,
    })
    // With TLS 1.3, the client takes the handshake for successful before we have seen its certificate.
    const client = await tlsClient(app, { maxVersion, ...clients[who] }).catch(() => undefined)
    if (client !== undefined) {
      await client.peer.send(GET)
      expect(await client.peer.rest()).toBe('')
    }
    await app.running.close()
    expect(refused.map(({ reason }) => reason)).toEqual(['client_certificate'])
  })

  it('can be read to the last byte', async () => {
    let seen: ClientCertificate | undefined
    const app = await gateway(NOBODY, {
      tls: { ...own, clientCertificates: 'request', clientCa: authority.cert },
      target: ({ client }) => {
        seen = client.tls?.clientCertificate
        return respond(200)
      },
    })
    const mine = authority.issue(['me.test'])
    const { peer } = await tlsClient(app, mine)
    await peer.send(GET)
    await peer.response()
    peer.close()
    await peer.over
    const { fingerprint256, serialNumber, validFromDate, validToDate, raw } = new X509Certificate(mine.cert)
    // It is asked for when the connection is closed already, as a log would.
    expect(seen).toMatchObject({
      fingerprint256,
      serialNumber,
      validFrom: validFromDate,
      validTo: validToDate,
      raw,
    })
  })
})

describe('sessions', () => {
  const versions = ['TLSv1.2', 'TLSv1.3'] as const

  /** Connects, and gives what is needed to go on. */
  async function begin(app: { readonly url: string }, options: ConnectionOptions) {
    const sessions: Buffer[] = []
    const client = await tlsClient(app, {
      ...options,
      onSocket: (socket) => socket.on('session', (one) => sessions.push(one)),
    })
    const facts = await ask(client)
    client.peer.close()
    return { facts, session: sessions.at(-1)! }
  }

  it.each(versions)('can be resumed: %s', async (maxVersion) => {
    const app = await knowing()
    const { facts, session } = await begin(app, { maxVersion })
    expect(facts).toMatchObject({ resumed: false })
    expect(await askOnce(app, { maxVersion, session })).toMatchObject({ resumed: true })
  })

  it.each(versions)('can be resumed although certificates were replaced: %s', async (maxVersion) => {
    const folder = folderOf(authority.issue(['a.test']))
    const app = await knowing(folder.files)
    const { session } = await begin(app, { maxVersion })
    folder.write(authority.issue(['a.test']))
    await app.running.reloadCertificates()
    expect(await askOnce(app, { maxVersion, session })).toMatchObject({ resumed: true })
  })

  it.each(versions)('cannot be resumed where that is not wanted: %s', async (maxVersion) => {
    const app = await knowing({ ...own, sessionMs: 0 })
    const { session } = await begin(app, { maxVersion })
    expect(await askOnce(app, { maxVersion, ...(session && { session }) })).toMatchObject({ resumed: false })
  })

  it.each(versions)(
    'can be resumed at another process that has the same keys, and at no other: %s',
    async (maxVersion) => {
      const ticketKeys = randomBytes(48)
      const [one, same, other] = [
        await knowing({ ...own, ticketKeys }),
        await knowing({ ...own, ticketKeys }),
        await knowing(),
      ]
      const { session } = await begin(one, { maxVersion })
      expect(await askOnce(other, { maxVersion, session })).toMatchObject({ resumed: false })
      expect(await askOnce(same, { maxVersion, session })).toMatchObject({ resumed: true })
    },
  )

  it.each(versions)('keep the certificate of their client: %s', async (maxVersion) => {
    const mine = authority.issue([], { subject: 'me' })
    const app = await knowing({ ...own, clientCertificates: 'require', clientCa: authority.cert })
    const { session } = await begin(app, { maxVersion, ...mine })
    expect(await askOnce(app, { maxVersion, session, ...mine })).toMatchObject({
      resumed: true,
      certificate: { authorized: true, subject: 'CN=me' },
    })
  })

  it.each(versions)('open no door that a certificate is needed for: %s', async (maxVersion) => {
    const ticketKeys = randomBytes(48)
    const open = await knowing({ ...own, ticketKeys })
    const { app, refused } = await refusing({
      ...own,
      ticketKeys,
      clientCertificates: 'require',
      clientCa: authority.cert,
    })
    const { session } = await begin(open, { maxVersion })
    const client = await tlsClient(app, { maxVersion, session }).catch(() => undefined)
    await client?.peer.send(GET)
    expect(await client?.peer.rest()).toBeFalsy()
    await app.running.close()
    expect(refused.map(({ reason }) => reason)).toEqual(['client_certificate'])
  })

  it.each(versions)('end when others vouch for clients: %s', async (maxVersion) => {
    const next = new TestAuthority('Next')
    const folder = folderOf(own, authority.cert)
    const app = await knowing({ ...folder.files, clientCertificates: 'request', clientCaFile: folder.ca })
    const mine = authority.issue([], { subject: 'me' })
    const { session, facts } = await begin(app, { maxVersion, ...mine })
    expect(facts).toMatchObject({ certificate: { authorized: true } })
    folder.writeCa(next.cert)
    await app.running.reloadCertificates()
    expect(await askOnce(app, { maxVersion, session, ...mine })).toMatchObject({
      resumed: false,
      certificate: { authorized: false },
    })
  })

  it('cannot be resumed after twelve hours, when their keys were replaced', async () => {
    const { app, clock } = await refusing(own)
    const session = await sessionOf(await tlsClient(app))
    expect((await tlsClient(app, { session })).socket.isSessionReused()).toBe(true)
    await clock.advance('13h')
    const again = await tlsClient(app, { session })
    expect(again.socket.isSessionReused()).toBe(false)
    expect((await tlsClient(app, { session: await sessionOf(again) })).socket.isSessionReused()).toBe(true)
  })
})

/** A folder with a certificate and its key. */
function folderOf(pair: { cert: string; key: string }, ca = '') {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const write = ({ cert, key }: { cert: string; key: string }) => {
    writeFileSync(files.certFile, cert)
    writeFileSync(files.keyFile, key)
  }
  const writeCa = (pem: string) => writeFileSync(join(folder, 'ca.pem'), pem)
  write(pair)
  if (ca !== '') writeCa(ca)
  return { files, write, ca: join(folder, 'ca.pem'), writeCa }
}

describe('a proxy with TLS', () => {
  const app = (tls: TlsListenOptions) =>
    proxy()
      .listen({ port: 0, tls })
      .route('/', () => respond(200))

  it('does not start where a certificate cannot be used, and leaves nothing open', async () => {
    const folder = folderOf({ ...own, key: 'nonsense' })
    const network = memoryNetwork()
    const clock = virtualClock()
    const starting = proxy()
      .listen({ port: 443, tls: { ...own, ticketKeys: randomBytes(48) } })
      .listen({ port: 444, tls: folder.files })
      .route('/', () => respond(200))
      .start({ signals: false, surroundings: { network, clock } })
    await expect(starting).rejects.toMatchObject({
      name: 'StartError',
      code: 'ERR_CERTIFICATE_INVALID',
      message: `${folder.files.certFile}, ${folder.files.keyFile}: the key cannot be read as PEM`,
    })
    const missing = app({ certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' })
    await expect(missing.start({ signals: false, surroundings: { network, clock } })).rejects.toMatchObject({
      name: 'StartError',
      code: 'ENOENT',
      message: '/nowhere/cert.pem cannot be read (ENOENT)',
    })
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })

  it('does not start where OpenSSL does not like a certificate', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 512 })
    const key = weak.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const cert = authority.sign({
      subject: 'weak',
      publicKey: weak.publicKey,
      names: ['weak.test'],
      validFrom: 0,
      validTo: Date.now() + 1e9,
    })
    await expect(app({ cert, key }).start({ signals: false })).rejects.toMatchObject({
      name: 'StartError',
      message: 'OpenSSL does not accept the certificate: ee key too small',
    })
  })

  it('keeps its address through a reload with another certificate, and shows that from then on', async () => {
    const running = await app({ ...own }).start({ signals: false })
    onTestFinished(() => running.close())
    const { url } = running
    await running.reload(app({ ...own }))
    expect(running.url).toBe(url)
    await running.reload(app(authority.issue(['a.test'], { subject: 'next' })))
    expect(running.url).toBe(url)
    const { socket } = await tlsClient(running)
    expect(socket.getPeerCertificate().subject.CN).toBe('next')
  })

  it('has nothing to read anew where no certificate is in a file', async () => {
    const running = await app(own).start({ signals: false })
    onTestFinished(() => running.close())
    await running.reloadCertificates()
  })
})
