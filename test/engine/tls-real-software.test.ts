import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { hsts, redirectToHttps } from '../../src/filters/index.ts'
import { proxy, respond, respondJson, selfSigned, type TlsListenOptions } from '../../src/index.ts'
import { TestAuthority } from './test-authority.ts'

const openssl = spawnSync('openssl', ['version']).error === undefined
const curl = spawnSync('curl', ['--version']).error === undefined
if (!openssl) console.log('skipped: openssl is not installed')
if (!curl) console.log('skipped: curl is not installed')

const folder = mkdtempSync(join(tmpdir(), 'gatewright-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | Uint8Array): string {
  const name = join(folder, `${++files}`)
  writeFileSync(name, content)
  return name
}

interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs a program to its end, and gives all that it says. */
function run(name: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { stdio: 'pipe' })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

const authority = new TestAuthority()
const caFile = file(authority.cert)

async function start(tls: TlsListenOptions): Promise<{ url: string; port: number }> {
  const running = await proxy()
    .listen({ port: 0, http2: false, tls })
    .route('/large', () => respond(200, 'x'.repeat(5_000_000)))
    .route('/', ({ client }) =>
      respondJson(200, [
        client.tls?.protocol,
        client.tls?.servername,
        client.tls?.clientCertificate?.subject,
      ]),
    )
    .start({ signals: false })
  onTestFinished(async () => {
    await running.close()
    expect(running.connections).toBe(0)
  })
  return { url: running.url, port: running.addresses[0]!.port }
}

describe.skipIf(!openssl)('openssl', () => {
  /** One request, as a client that lets the server end. */
  const client = (port: number, ...args: string[]) =>
    run(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, '-ign_eof', ...args],
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )

  it('reads and verifies a certificate that was made here', async () => {
    const made = selfSigned({ names: ['app.test', '*.app.test', '2001:db8::1'], validFor: '90d' })
    const [cert, key] = [file(made.cert), file(made.key)]
    const { output } = await run('openssl', ['x509', '-in', cert, '-noout', '-text'])
    for (const line of [
      'Version: 3 (0x2)',
      'Signature Algorithm: ecdsa-with-SHA256',
      'ASN1 OID: prime256v1',
      'DNS:app.test, DNS:*.app.test, IP Address:2001:DB8:0:0:0:0:0:1, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
      'CA:FALSE',
      'TLS Web Server Authentication, TLS Web Client Authentication',
    ])
      expect(output).toContain(line)
    for (const [purpose, name] of [
      ['sslserver', ['-verify_hostname', 'x.app.test']],
      ['sslserver', ['-verify_ip', '::1']],
      ['sslclient', []],
    ] as const) {
      const verified = await run('openssl', [
        'verify',
        '-x509_strict',
        '-CAfile',
        cert,
        '-purpose',
        purpose,
        ...name,
        cert,
      ])
      expect(verified).toEqual({ code: 0, output: `${cert}: OK\n` })
    }
    const refused = await run('openssl', [
      'verify',
      '-CAfile',
      cert,
      '-verify_hostname',
      'y.x.app.test',
      cert,
    ])
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining('hostname mismatch')])
    const [ofCert, ofKey] = [
      await run('openssl', ['x509', '-in', cert, '-noout', '-pubkey']),
      await run('openssl', ['pkey', '-in', key, '-pubout']),
    ]
    expect(ofCert.output).toBe(ofKey.output)
  })

  it.each([
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ])('is served with %s, and sees an end that was announced', async (version, protocol) => {
    const { port } = await start(authority.issue(['a.test']))
    const verifying = ['-CAfile', caFile, '-verify_return_error', '-verify_hostname', 'a.test']
    const { code, output } = await client(
      port,
      version,
      '-servername',
      'a.test',
      '-alpn',
      'h2,http/1.1',
      ...verifying,
    )
    expect(output).toContain(`["${protocol}","a.test",null]`)
    expect(output).toContain('ALPN protocol: http/1.1')
    expect(output).toContain('Verify return code: 0 (ok)')
    // Without the alert "close notify", OpenSSL 3 says "unexpected eof" and ends with 1.
    expect([code, output.includes('unexpected eof')]).toEqual([0, false])
  })

  it.each(['-tls1', '-tls1_1'])('is refused with %s', async (version) => {
    const { port } = await start(authority.issue(['a.test']))
    const { code, output } = await client(port, version, '-cipher', 'ALL:@SECLEVEL=0')
    expect([code, output]).toEqual([1, expect.stringMatching(/alert protocol version/)])
  })

  it('agrees on strong ciphers and groups only', async () => {
    const { port } = await start(authority.issue(['a.test']))
    const { output } = await client(port, '-tls1_2')
    expect(output).toMatch(/Cipher is ECDHE-ECDSA-(?:AES|CHACHA)/)
    expect(output).toMatch(/Server Temp Key: X25519/)
    for (const cipher of ['AES128-SHA', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-SHA256'])
      expect((await client(port, '-tls1_2', '-cipher', cipher)).output, cipher).toMatch(/handshake failure/)
    expect((await client(port, '-groups', 'P-521')).output).toMatch(/handshake failure/)
  })

  it('is shown the certificate of the name that it asks for', async () => {
    const { port } = await start({
      certificates: [
        authority.issue(['a.test'], { subject: 'first' }),
        authority.issue(['*.b.test'], { subject: 'wild' }),
      ],
    })
    for (const [name, subject] of [
      ['a.test', 'first'],
      ['x.b.test', 'wild'],
      ['y.x.b.test', 'first'],
    ] as const)
      expect((await client(port, '-servername', name)).output).toMatch(
        new RegExp(`subject=CN ?= ?${subject}`),
      )
    expect((await client(port, '-noservername')).output).toMatch(/subject=CN ?= ?first/)
  })

  it('gets a response of the authority stapled', async () => {
    const pair = authority.issue(['a.test'])
    const ocspFile = await signedResponse(pair.cert)
    const [certFile, keyFile] = [file(pair.cert), file(pair.key)]
    const { port } = await start({ certFile, keyFile, ocspFile })
    const { output } = await client(port, '-status')
    expect(output).toContain('OCSP Response Status: successful (0x0)')
    expect(output).toContain('Cert Status: good')
    const none = await start(pair)
    expect((await client(none.port, '-status')).output).toContain('OCSP response: no response sent')
  })

  /** What the authority says of a certificate, made by openssl. */
  async function signedResponse(cert: string): Promise<string> {
    const responder = authority.issue(['responder.test'])
    const serial = (await run('openssl', ['x509', '-noout', '-serial'], cert)).output.trim().split('=')[1]!
    const index = file(`V\t491231235959Z\t\t${serial}\tunknown\t/CN=a.test\n`)
    const response = file('')
    const request = ['-issuer', caFile, '-cert', file(cert), '-noverify']
    const sign = [
      '-index',
      index,
      '-rsigner',
      file(responder.cert),
      '-rkey',
      file(responder.key),
      '-CA',
      caFile,
    ]
    const { code, output } = await run('openssl', [
      'ocsp',
      ...sign,
      ...request,
      '-ndays',
      '1',
      '-respout',
      response,
    ])
    expect(code, output).toBe(0)
    expect(readFileSync(response).length).toBeGreaterThan(100)
    return response
  }

  it('cannot begin another handshake within a connection', async () => {
    const { port } = await start(authority.issue(['a.test']))
    const { output } = await run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2'], 'R\n')
    expect(output).toMatch(/no renegotiation/)
  })

  it.each(['-tls1_2', '-tls1_3'])('goes on with a session: %s', async (version) => {
    const { port } = await start(authority.issue(['a.test']))
    const session = file('')
    expect((await client(port, version, '-sess_out', session)).output).toMatch(/^New,/m)
    expect((await client(port, version, '-sess_in', session)).output).toMatch(/^Reused,/m)
  })

  it('must show a certificate where that is required', async () => {
    const mine = authority.issue([], { subject: 'me' })
    const { port } = await start({
      ...authority.issue(['a.test']),
      clientCertificates: 'require',
      clientCa: authority.cert,
    })
    const shown = await client(port, '-cert', file(mine.cert), '-key', file(mine.key))
    expect(shown.output).toContain('"CN=me"')
    expect(shown.output).toMatch(/Acceptable client certificate CA names\s+CN ?= ?Test Authority/)
    const { code, output } = await client(port)
    expect([code, output]).toEqual([1, expect.stringMatching(/alert certificate required/)])
  })
})

describe.skipIf(!curl)('curl', () => {
  const fetched = async (url: string, ...args: string[]) => {
    const { code, output } = await run('curl', ['-sS', ...args, url])
    return code === 0 ? output : code
  }

  it('is served by name and by address with a certificate that was made here', async () => {
    const made = selfSigned()
    const { port } = await start(made)
    const trusting = ['--cacert', file(made.cert)]
    expect(await fetched(`https://localhost:${port}/`, ...trusting)).toBe('["TLSv1.3","localhost",null]')
    expect(await fetched(`https://127.0.0.1:${port}/`, ...trusting, '--tls-max', '1.2')).toBe(
      '["TLSv1.2",null,null]',
    )
    // 60: the certificate is not trusted.
    expect(await fetched(`https://localhost:${port}/`)).toBe(60)
    expect(await fetched(`https://localhost:${port}/`, '--cacert', caFile)).toBe(60)
  })

  it('downloads and uploads over one connection', async () => {
    const made = selfSigned()
    const { port } = await start(made)
    const url = `https://localhost:${port}/large`
    const { code, output } = await run('curl', [
      '-sS',
      '--cacert',
      file(made.cert),
      '-w',
      '%{num_connects} %{size_download} %{http_code}\n',
      '-o',
      '/dev/null',
      '-o',
      '/dev/null',
      url,
      url,
    ])
    expect([code, output]).toEqual([0, '1 5000000 200\n0 5000000 200\n'])
    const upload = file(randomBytes(3_000_000))
    expect(
      await fetched(`https://localhost:${port}/`, '--cacert', file(made.cert), '--data-binary', `@${upload}`),
    ).toContain('TLSv1.3')
  })

  it('shows its certificate', async () => {
    const mine = authority.issue([], { subject: 'me' })
    const { port } = await start({
      ...authority.issue(['localhost']),
      clientCertificates: 'require',
      clientCa: authority.cert,
    })
    const url = `https://localhost:${port}/`
    const own = ['--cert', file(mine.cert), '--key', file(mine.key)]
    expect(await fetched(url, '--cacert', caFile, ...own)).toBe('["TLSv1.3","localhost","CN=me"]')
    // 56: the connection was broken off.
    expect(await fetched(url, '--cacert', caFile)).toBe(56)
  })

  it('is led from the plain listener to the other one, and told to stay there', async () => {
    const made = selfSigned()
    const target = await start(made)
    const running = await proxy()
      .listen(0)
      .listen({ port: 0, http2: false, tls: made })
      .use(redirectToHttps({ port: target.port }), hsts({ maxAge: '1d' }))
      .route('/', () => respond(200))
      .start({ signals: false })
    onTestFinished(() => running.close())
    const [plain, secure] = running.addresses.map(({ port }) => port)
    const trusting = ['--cacert', file(made.cert)]
    expect(await fetched(`http://localhost:${plain}/?a=b`, '-L', ...trusting)).toContain('"localhost"')
    expect(await fetched(`http://localhost:${plain}/`, '-I')).not.toMatch(/strict-transport-security/i)
    expect(await fetched(`https://localhost:${secure}/`, '-I', ...trusting)).toMatch(
      /^Strict-Transport-Security: max-age=86400\r$/m,
    )
  })
})
