import { virtualClock } from 'gatewright/testing'
import { expect, test } from 'vitest'
import { channelPair } from '../../../test/workers/fake-processes.ts'
import type { Network, TlsServerSettings, Wire } from '../../core/network.ts'
import type { WorkerGroup, WorkerView } from '../worker-group.ts'
import { shareTicketKeys } from './share-ticket-keys.ts'
import { withSharedTickets } from './with-shared-tickets.ts'

const SETTINGS: TlsServerSettings = {
  certificates: [],
  minVersion: 'TLSv1.3',
  ciphers: '',
  curves: '',
  preferServerCiphers: false,
  alpn: [],
  clientCertificates: 'off',
  clientCa: [],
  ticketKeys: undefined,
  sessionMs: 1,
}

/** A supervisor, and workers whose TLS servers say by which keys they answer a handshake. */
function sharing() {
  const clock = virtualClock()
  const workers: WorkerView[] = []
  const listeners: Parameters<WorkerGroup['onChange']>[0][] = []
  const group = { workers, size: 2, onChange: (it: (typeof listeners)[0]) => void listeners.push(it) }
  const { close } = shareTicketKeys(group, clock)
  const worker = (number: number) => {
    const [here, there] = channelPair()
    const view = { number, pid: number, phase: 'starting', startedAt: 0, restarts: 0, channel: here } as const
    workers.push(view)
    for (const listener of listeners) listener(view, 'starting')
    const handshakes: (Buffer | undefined)[] = []
    let rotations = 0
    const network: Network = {
      connect: () => ({ cancel: () => {} }),
      listen: () => Promise.reject(new Error('nobody listens here')),
      tlsServer: (made) => {
        let settings = made
        return {
          update: (others) => {
            settings = others
          },
          rotateTicketKeys: () => {
            rotations++
          },
          accept: () => {
            handshakes.push(settings.ticketKeys)
            return { abort: () => {} }
          },
        }
      },
    }
    return {
      channel: here,
      tls: (settings = SETTINGS) => {
        const server = withSharedTickets(there, network).tlsServer!(settings)
        const keys = (): Buffer | undefined => {
          server.accept({} as Wire, undefined, { onSecure: () => {}, onFailed: () => {} })
          return handshakes.at(-1)
        }
        return { server, keys }
      },
      rotations: () => rotations,
    }
  }
  return { clock, worker, close }
}

test('all workers have the same ticket keys, and new ones after twelve hours', async () => {
  const it = sharing()
  const [one, two] = [it.worker(1).tls(), it.worker(2).tls()]
  const first = one.keys()
  expect(first).toHaveLength(48)
  expect(two.keys()).toEqual(first)
  await it.clock.advance('12h')
  const second = two.keys()
  expect(second).toHaveLength(48)
  expect(second).not.toEqual(first)
  expect([one.keys(), it.worker(1).tls().keys()]).toEqual([second, second])
  await it.clock.advance('12h')
  expect(one.keys()).not.toEqual(second)
  it.close()
  expect(it.clock.pending).toBe(0)
})

test('ticket keys of all stay where settings change or a listener would make its own, and are not those that were given', () => {
  const it = sharing()
  const worker = it.worker(1)
  const { server, keys } = worker.tls()
  const shared = keys()
  server.rotateTicketKeys()
  server.update({ ...SETTINGS, alpn: ['h2'] })
  expect([keys(), worker.rotations()]).toEqual([shared, 0])
  const own = Buffer.alloc(48, 1)
  expect(worker.tls({ ...SETTINGS, ticketKeys: own }).keys()).toBe(own)
})

test('a worker that is told no keys makes its own', () => {
  const it = sharing()
  const worker = it.worker(1)
  worker.channel.listen('tickets', () => worker.channel.send('tickets', new Uint8Array(47)))
  const { server, keys } = worker.tls()
  expect(keys()).toBeUndefined()
  server.rotateTicketKeys()
  expect(worker.rotations()).toBe(1)
})
