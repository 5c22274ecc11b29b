import { expect, onTestFinished, test } from 'vitest'
import type { TlsServerSettings, Wire, WireHandler } from '../core/network.ts'
import { selfSigned } from '../index.ts'
import { nodeNetwork } from './network.ts'
import { settleReadMemory, takeReadMemory } from './read-memory.ts'

/** Notes what a wire tells. */
class Noted implements WireHandler {
  readonly wire: Wire
  bytes = 0
  closed: { readonly error: Error | undefined } | undefined

  constructor(wire: Wire) {
    this.wire = wire
    wire.handler = this
  }

  onData({ length }: Buffer): boolean {
    this.bytes += length
    return true
  }

  onEnd(): void {
    this.wire.end()
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    this.closed = { error }
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

const own = selfSigned()
const SETTINGS: TlsServerSettings = {
  certificates: [{ ...own, names: [], passphrase: undefined, ocspResponse: undefined, endsAt: 0 }],
  minVersion: 'TLSv1.2',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  curves: 'X25519',
  preferServerCiphers: false,
  alpn: ['http/1.1'],
  clientCertificates: 'off',
  clientCa: [],
  ticketKeys: undefined,
  sessionMs: 0,
}

/** Both ends of a connection on sockets of the system. */
async function pair(secure: boolean) {
  const accepted = Promise.withResolvers<Noted>()
  const server = secure ? nodeNetwork.tlsServer!(SETTINGS) : undefined
  const listener = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
    if (server === undefined) accepted.resolve(new Noted(wire))
    else
      server.accept(wire, undefined, {
        onSecure: (it) => accepted.resolve(new Noted(it)),
        onFailed: accepted.reject,
      })
  })
  const connected = Promise.withResolvers<Noted>()
  const { port } = listener.address
  const tls = secure ? { ca: own.cert, servername: 'localhost' } : undefined
  nodeNetwork.connect(
    { host: '127.0.0.1', port, tls },
    { onConnect: (wire) => connected.resolve(new Noted(wire)), onConnectError: connected.reject },
  )
  const [client, service] = [await connected.promise, await accepted.promise]
  onTestFinished(async () => {
    client.wire.destroy()
    service.wire.destroy()
    await until(() => client.closed !== undefined && service.closed !== undefined)
    await listener.close()
  })
  return { client, service }
}

test.each([
  ['without TLS', false],
  ['with TLS', true],
])('memory that was lent to a wire comes back when its bytes have left: %s', async (_, secure) => {
  const { client, service } = await pair(secure)
  for (const [from, to] of [
    [client, service],
    [service, client],
  ] as const) {
    let sent = 0
    // Of what is small, no wire says that it has drained.
    for (const size of [1_000, 131_072, 1_000]) {
      const memory = takeReadMemory()
      from.wire.write(memory.subarray(0, size))
      settleReadMemory(memory.buffer, from.wire.pendingBytes === 0)
      sent += size
      await until(() => to.bytes === sent && from.wire.pendingBytes === 0)
      const next = takeReadMemory()
      expect(next).toBe(memory)
      settleReadMemory(next.buffer, true)
    }
  }
})

test('both ends know what was agreed on', async () => {
  const { client, service } = await pair(true)
  const facts = {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn: 'http/1.1',
    servername: 'localhost',
  }
  expect(client.wire.tls).toMatchObject(facts)
  expect(service.wire.tls).toMatchObject(facts)
  expect(service.wire.remote.port).toBe(client.wire.local.port)
  const plain = await pair(false)
  expect([plain.client.wire.tls, plain.service.wire.tls]).toEqual([undefined, undefined])
})

test('a wire with TLS that was accepted can be reset', async () => {
  const { client, service } = await pair(true)
  service.wire.reset()
  await until(() => client.closed !== undefined && service.closed !== undefined)
  expect(client.closed?.error).toMatchObject({ code: 'ECONNRESET' })
})

test('a wire with TLS that was connected breaks off in place of a reset, and nothing is thrown', async () => {
  const { client, service } = await pair(true)
  client.wire.reset()
  await until(() => client.closed !== undefined && service.closed !== undefined)
})

test('a reset behind our own end closes the wire', async () => {
  const { client } = await pair(false)
  client.wire.end()
  client.wire.reset()
  await until(() => client.closed !== undefined)
})
