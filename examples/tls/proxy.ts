/** HTTPS with certificates for two names, one of which is renewed while the proxy runs; the plain listener leads there. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { pool, proxy, respond, type SelfSigned, selfSigned } from 'gatewright'
import { hsts, redirectToHttps } from 'gatewright/filters'
import { fakeUpstream } from 'gatewright/testing'

// In production, these files come from an authority: certbot, cert-manager, Vault.
const folder = await mkdtemp(join(tmpdir(), 'gatewright-example-'))
const [certFile, keyFile] = [join(folder, 'app.pem'), join(folder, 'app.key')]
const app = await renew()
const admin = selfSigned({ names: ['admin.test'] })

const service = await fakeUpstream({ socket: true, tls: true })
  .on('GET /hello', { body: 'hello, safely\n' })
  .start()

const running = await proxy()
  .listen({ port: 0 })
  .listen({ port: 0, tls: { certificates: [{ certFile, keyFile }, admin] } })
  .use(redirectToHttps(), hsts({ maxAge: '1d' }))
  .route({ host: 'admin.test' }, ({ client }) =>
    respond(200, `${client.tls?.servername}, by ${client.tls?.protocol}\n`),
  )
  .route('/', pool([service.url], { tls: { ca: service.certificate, servername: 'localhost' } }))
  .start({ signals: false })
const [plain = '', secure = ''] = running.urls

// 1. The plain listener knows one answer.
const redirected = await fetch(`${plain}/hello?a=b`, { redirect: 'manual' })
assert.equal(redirected.headers.get('location'), 'https://127.0.0.1/hello?a=b')

// 2. Each name has its certificate.
const first = await ask('app.test', app, '/hello')
assert.equal(first.text, 'hello, safely\n')
assert.equal((await ask('admin.test', admin)).text, 'admin.test, by TLSv1.3\n')
await assert.rejects(ask('admin.test', app), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })

// 3. A new certificate is shown to whoever connects next. By itself that is seen within ten seconds.
const renewed = await renew()
await running.reloadCertificates()
const second = await ask('app.test', renewed, '/hello')
assert.notEqual(second.serial, first.serial)

await running.close()
await service.close()
await rm(folder, { recursive: true })
console.log(`the certificate ${first.serial} was renewed to ${second.serial}`)

async function renew(): Promise<SelfSigned> {
  const made = selfSigned({ names: ['app.test'] })
  await writeFile(certFile, made.cert)
  await writeFile(keyFile, made.key)
  return made
}

/** Asks for a name, and trusts one certificate alone. */
async function ask(name: string, { cert }: SelfSigned, path = '/') {
  const agent = new Agent({ ca: cert, servername: name })
  const asked = get(`${secure}${path}`, { agent, headers: { Host: name } })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const serial = (response.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? ''
  const text = (await response.setEncoding('utf8').toArray()).join('')
  agent.destroy()
  return { text, serial }
}
