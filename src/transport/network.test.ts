import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { afterEach, expect, test, vi } from 'vitest'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { nodeNetwork } from './network.ts'

/** The port that the system is to give to clients; `undefined` leaves the choice to it. */
let clientPort: number | undefined
vi.mock('node:net', async (original) => {
  const net = await original<typeof import('node:net')>()
  const connect = (options: NetConnectOpts) =>
    net.connect({ ...options, localPort: clientPort } as NetConnectOpts)
  return { ...net, connect }
})
vi.mock('node:tls', async (original) => {
  const tls = await original<typeof import('node:tls')>()
  const connect = (options: ConnectionOptions) =>
    tls.connect({ ...options, localPort: clientPort } as ConnectionOptions)
  return { ...tls, connect }
})
afterEach(() => {
  clientPort = undefined
})

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const bound = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, () => {})
  await bound.close()
  return bound.address.port
}

test.each([
  ['a connection', undefined],
  ['a TLS connection', {}],
])('nodeNetwork.connect takes %s to itself for one that was refused', async (_, tls) => {
  const port = await freePort()
  clientPort = port
  const outcome = await new Promise((resolve) => {
    nodeNetwork.connect(
      { host: '127.0.0.1', port, tls },
      {
        onConnect: (wire) => {
          wire.destroy()
          resolve('connected')
        },
        onConnectError: resolve,
      },
    )
  })
  expect(outcome).toMatchObject({ code: 'ECONNREFUSED' })
})

test('a service whose port the system gave to the proxy itself has refused', async () => {
  const port = await freePort()
  const running = await proxy()
    .listen(0)
    .route('/', pool([`http://127.0.0.1:${port}`]))
    .start({ signals: false })
  try {
    clientPort = port
    const response = await fetch(running.url)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ code: 'upstream_refused' })
  } finally {
    await running.close()
  }
})

/** Clients that the system has connected: they wait in the accept queue, for the event loop has not turned since. */
async function waitingClients(port: number, count: number): Promise<Socket[]> {
  const clients = Array.from({ length: count }, () => connect({ host: '127.0.0.1', port }))
  await new Promise((resolve) => process.nextTick(resolve))
  return clients
}

/** What a client was sent until the end, or why it broke off. */
function received(client: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    client.setEncoding('utf8')
    client.on('data', (more) => {
      text += more
    })
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    client.on('close', () => resolve(text))
  })
}

test('a listener that is closed still accepts all who wait in its queue', async () => {
  const bound = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
    wire.handler = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
    wire.write('served')
    wire.end()
  })
  const clients = await waitingClients(bound.address.port, 100)
  const all = clients.map(received)
  await Promise.all([bound.close(), bound.close()])
  expect(new Set(await Promise.all(all))).toEqual(new Set(['served']))
  expect(await received(connect({ host: '127.0.0.1', port: bound.address.port }))).toBe('ECONNREFUSED')
})

test('a client that resets its connection while it waits in the queue does no harm', async () => {
  const bound = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
    wire.handler = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
    wire.write('served')
    wire.end()
  })
  const [leaving, staying] = (await waitingClients(bound.address.port, 2)) as [Socket, Socket]
  const served = received(staying)
  leaving.on('error', () => {})
  const closed = bound.close()
  leaving.resetAndDestroy()
  await closed
  expect(await served).toBe('served')
})
