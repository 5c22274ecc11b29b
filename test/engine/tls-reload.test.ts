import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type CertificateReload,
  type ListenOptions,
  proxy,
  type RefusedConnection,
  respond,
} from '../../src/index.ts'
import { virtualClock } from '../../src/testing/index.ts'
import { GET, onRealSockets } from './support.ts'
import { TestAuthority } from './test-authority.ts'
import { plainClient, sessionOf, type TlsClient, tlsClient } from './tls-client.ts'

// The TLS is Node's own.
onRealSockets()

const authority = new TestAuthority()
const own = authority.issue(['a.test'], { subject: 'own' })
const next = authority.issue(['a.test'], { subject: 'next' })

const describing = (text: string, listen: ListenOptions) =>
  proxy()
    .listen({ port: 0, ...listen })
    .route('/', () => respond(200, text))

/** A proxy that serves `old`. When the test is over, no timer may be left. */
async function serving(listen: ListenOptions) {
  const clock = virtualClock()
  const running = await describing('old', listen).start({ signals: false, surroundings: { clock } })
  onTestFinished(async () => {
    await running.close()
    expect(clock.pending, 'timers left').toBe(0)
  })
  return { running, clock, reload: (other: ListenOptions) => running.reload(describing('new', other)) }
}

/** Asks once. Gives the body, and whether the connection ends with it. */
async function ask({ peer }: Pick<TlsClient, 'peer'>) {
  await peer.send(GET)
  const response = await peer.response()
  return [response.body.toString(), response.header('connection')]
}

const shownBy = ({ socket }: TlsClient) => socket.getPeerCertificate().subject.CN

const waitFor = async (fulfilled: () => boolean): Promise<void> => {
  while (!fulfilled()) await new Promise((resolve) => setImmediate(resolve))
}

describe('a reload of a proxy with TLS', () => {
  it('to another certificate ends no connection within a request, and keeps the address', async () => {
    const { running, clock, reload } = await serving({ tls: own })
    const { url } = running
    const [used, idle] = [await tlsClient(running), await tlsClient(running)]
    expect(await ask(used)).toEqual(['old', undefined])
    await clock.advance('1s')
    await used.peer.send('GET / HTTP/1.1\r\nHost: a\r\n')
    await reload({ tls: next })
    expect(running.url).toBe(url)
    await used.peer.send('\r\n')
    const last = await used.peer.response()
    expect([last.body.toString(), last.header('connection')]).toEqual(['new', 'close'])
    expect(await idle.peer.over).toBe('ended')
    const fresh = await tlsClient(running)
    expect([shownBy(fresh), await ask(fresh)]).toEqual(['next', ['new', undefined]])
    fresh.peer.close()
    used.peer.close()
  })

  it('lets a handshake end that was under way: it is answered as it began, and has one response', async () => {
    const { running, reload } = await serving({ tls: own })
    let unpause = (): void => {}
    const connecting = tlsClient(running, {
      onSocket: (socket) => {
        socket.pause()
        unpause = () => void socket.resume()
      },
    })
    await waitFor(() => running.connections === 1)
    await reload({ tls: { ...next, clientCertificates: 'require', clientCa: authority.cert } })
    unpause()
    const client = await connecting
    expect(shownBy(client)).toBe('own')
    expect(await ask(client)).toEqual(['new', 'close'])
    client.peer.close()
  })

  it('to stricter rules lets nobody stay who came in by the others', async () => {
    const { running, reload } = await serving({ tls: own })
    const before = await tlsClient(running)
    expect(await ask(before)).toEqual(['old', undefined])
    await reload({ tls: { ...own, clientCertificates: 'require', clientCa: authority.cert } })
    expect(await ask(before)).toEqual(['new', 'close'])
    const stranger = await tlsClient(running, { maxVersion: 'TLSv1.2' }).catch((error: unknown) => error)
    expect(stranger).toBeInstanceOf(Error)
    await waitFor(() => running.refusedConnections.size > 0)
    expect(running.refusedConnections).toEqual(new Map([['client_certificate', 1]]))
    const known = await tlsClient(running, next)
    expect(await ask(known)).toEqual(['new', undefined])
    known.peer.close()
    before.peer.close()
  })

  it('gives TLS to a listener that had none, and takes it away', async () => {
    const { running, reload } = await serving({})
    const { url } = running
    const plain = await plainClient(running)
    expect(await ask({ peer: plain })).toEqual(['old', undefined])
    await reload({ tls: own })
    expect(running.url).toBe(url.replace('http:', 'https:'))
    expect(await ask({ peer: plain })).toEqual(['new', 'close'])
    const secret = await tlsClient(running)
    expect(await ask(secret)).toEqual(['new', undefined])
    const late = await plainClient(running)
    await late.send(GET)
    await late.over
    expect(running.refusedConnections).toEqual(new Map([['handshake_failed', 1]]))
    await reload({})
    expect(running.url).toBe(url)
    expect(await ask(secret)).toEqual(['new', 'close'])
    const again = await plainClient(running)
    expect(await ask({ peer: again })).toEqual(['new', undefined])
    again.close()
    secret.peer.close()
    plain.close()
  })

  it.each([
    ['not resumed', undefined],
    ['resumed where their keys were given', randomBytes(48)],
  ] as const)('to another certificate: sessions are %s', async (_, ticketKeys) => {
    const keys = ticketKeys === undefined ? {} : { ticketKeys }
    const { running, reload } = await serving({ tls: { ...own, ...keys } })
    const before = await tlsClient(running)
    const session = await sessionOf(before)
    await reload({ tls: { ...next, ...keys } })
    const after = await tlsClient(running, { session })
    expect(after.socket.isSessionReused()).toBe(ticketKeys !== undefined)
    after.peer.close()
    before.peer.close()
  })

  it('to a certificate that cannot be used changes nothing', async () => {
    const { running } = await serving({ tls: own })
    const before = await tlsClient(running)
    const unusable = describing('new', { tls: next }).listen({
      port: 0,
      tls: { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' },
    })
    await expect(running.reload(unusable)).rejects.toMatchObject({
      name: 'StartError',
      message: '/nowhere/cert.pem cannot be read (ENOENT)',
    })
    expect(await ask(before)).toEqual(['old', undefined])
    const fresh = await tlsClient(running)
    expect([shownBy(fresh), await ask(fresh)]).toEqual(['own', ['old', undefined]])
    fresh.peer.close()
    before.peer.close()
  })

  it('goes on counting whom it refuses, also those who were in a handshake', async () => {
    const { running, clock, reload } = await serving({ tls: own })
    const first = await plainClient(running)
    await first.send(GET)
    await first.over
    const silent = await plainClient(running)
    await waitFor(() => running.connections === 1)
    await reload({ tls: next })
    await clock.advance('10s')
    await silent.over
    await waitFor(() => running.refusedConnections.size === 2)
    expect(running.refusedConnections).toEqual(
      new Map([
        ['handshake_failed', 1],
        ['handshake_timeout', 1],
      ]),
    )
  })

  it('tells the functions of the new description, where all else is as before', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatewright-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
    const write = ({ cert, key }: typeof own) => {
      writeFileSync(files.certFile, cert)
      writeFileSync(files.keyFile, key)
    }
    write(own)
    const told: string[] = []
    const listen = (name: string): ListenOptions => ({
      tls: { ...files, onReload: ({ result }: CertificateReload) => told.push(`${name}: ${result}`) },
      onConnectionRefused: ({ reason }: RefusedConnection) => told.push(`${name}: ${reason}`),
    })
    const { running, reload } = await serving(listen('old'))
    const before = await tlsClient(running)
    await reload(listen('new'))
    // It is the same listener: its connections are as they were.
    expect(await ask(before)).toEqual(['new', undefined])
    write(next)
    await running.reloadCertificates()
    const plain = await plainClient(running)
    await plain.send(GET)
    await plain.over
    await waitFor(() => told.length === 2)
    expect(told).toEqual(['new: loaded', 'new: handshake_failed'])
    before.peer.close()
  })
})
