import { memoryNetwork, virtualClock } from 'gatewright/testing'
import { expect, test } from 'vitest'
import { channelPair } from '../../../test/workers/fake-processes.ts'
import type { BoundListener } from '../../core/network.ts'
import type { SocketHandle } from '../../transport/network.ts'
import { type PortUser, SharedPorts } from './shared-ports.ts'
import { WorkerNetwork } from './worker-network.ts'

/** A socket, and what the workers do with it. */
interface FakeSocket extends SocketHandle {
  readonly name: string
  open: boolean
  /** Names of the workers that accept from it. */
  readonly accepting: Set<string>
  /** How they left it: `name closed` empties the queue. */
  readonly ends: string[]
}

/** Ports of a supervisor, with workers whose sockets are played. */
function ports({ each = true, inUse = -1, deaf = '' } = {}) {
  const clock = virtualClock()
  const bound: FakeSocket[] = []
  let nextPort = 5_000
  const bindSocket = ({ port, family }: { port: number; family: number }, shared: boolean) => {
    if (shared && !each) return undefined
    if (port === inUse) throw Object.assign(new Error(`bind EADDRINUSE ${port}`), { code: 'EADDRINUSE' })
    const socket: FakeSocket = {
      name: `${bound.length}`,
      fd: 1,
      open: true,
      accepting: new Set(),
      ends: [],
      getsockname: () => 0,
      close() {
        this.open = false
      },
    }
    bound.push(socket)
    const at = port === 0 ? nextPort++ : port
    return { socket, address: { address: family === 4 ? '127.0.0.1' : '::1', port: at } }
  }
  const shared = new SharedPorts({ addressOf: async () => ({ address: '127.0.0.1', family: 4 }), bindSocket })
  const worker = (number: number, name: string) => {
    const [here, there] = channelPair()
    const user = { number, phase: 'starting' as PortUser['phase'], channel: here }
    shared.serve(user)
    const listenWith = async (handle: SocketHandle) => {
      const socket = handle as FakeSocket
      if (name === deaf) throw new Error('it cannot listen')
      socket.accepting.add(name)
      const end = (how: string) => {
        if (socket.accepting.delete(name)) socket.ends.push(`${name} ${how}`)
      }
      return {
        address: { address: '127.0.0.1', port: 1 },
        close: async () => end('closed'),
        leave: () => end('left'),
        destroy: () => end('left'),
      }
    }
    const network = new WorkerNetwork(there, memoryNetwork({ clock }), listenWith, clock)
    return {
      user,
      network,
      listen: (port: number): Promise<BoundListener> => network.listen({ host: 'localhost', port }, () => {}),
      serves() {
        user.phase = 'serving'
        shared.served(user)
      },
      dies() {
        for (const socket of bound) socket.accepting.delete(name)
        shared.gone(user)
        void there.end()
      },
    }
  }
  const settle = () => clock.advance(0)
  /** Of the sockets that workers have listened with: who accepts from each, and whether it is held. */
  const view = () =>
    bound
      .filter(({ accepting, ends, open }) => accepting.size > 0 || ends.length > 0 || open)
      .map(({ accepting, open }) => `${[...accepting].join('+') || 'nobody'}${open ? '' : ', closed'}`)
  return { clock, shared, worker, settle, view, bound }
}

/** Two workers that listen at one port. */
async function two(given: Parameters<typeof ports>[0] = {}, port = 80) {
  const it = ports(given)
  const [one, other] = [it.worker(1, 'one'), it.worker(2, 'two')]
  const listeners = await Promise.all([one.listen(port), other.listen(port)])
  one.serves()
  other.serves()
  return { ...it, one, two: other, listeners }
}

test('SharedPorts gives each worker a socket of its own, at the same port', async () => {
  const it = await two({}, 0)
  expect(it.view()).toEqual(['one', 'two'])
  expect(it.listeners.map(({ address }) => address)).toEqual([
    { address: '127.0.0.1', port: 5_000 },
    { address: '127.0.0.1', port: 5_000 },
  ])
})

test('SharedPorts gives one socket to all where several cannot have one port', async () => {
  const it = await two({ each: false })
  expect(it.view()).toEqual(['one+two'])
  await it.listeners[0]!.close()
  expect(it.view()).toEqual(['two'])
  await it.listeners[1]!.close()
  expect(it.bound.at(-1)!.ends).toEqual(['one left', 'two closed'])
  expect(it.view()).toEqual(['nobody, closed'])
})

test('SharedPorts tells listeners at any port apart, by their order', async () => {
  const it = ports()
  const [one, other] = [it.worker(1, 'one'), it.worker(2, 'two')]
  const first = [await one.listen(0), await one.listen(0)]
  const second = [await other.listen(0), await other.listen(0)]
  expect(first.map(({ address }) => address.port)).toEqual([5_000, 5_001])
  expect(second.map(({ address }) => address)).toEqual(first.map(({ address }) => address))
})

test('SharedPorts says that a port is in use, as the system does', async () => {
  const it = ports({ inUse: 80 })
  const worker = it.worker(1, 'one')
  await expect(worker.listen(80)).rejects.toMatchObject({ code: 'EADDRINUSE', message: 'bind EADDRINUSE 80' })
  await worker.listen(81)
  expect(it.view()).toEqual(['one'])
})

test('SharedPorts lends the socket of a worker that is gone to another, and has it back for the next one', async () => {
  const it = await two()
  it.one.dies()
  await it.settle()
  expect(it.view()).toEqual(['two', 'two'])
  const next = it.worker(1, 'next')
  await next.listen(80)
  await it.settle()
  expect(it.view()).toEqual(['next', 'two'])
  expect(it.bound.flatMap(({ ends }) => ends)).toEqual(['two left'])
})

test('SharedPorts lends to the one that has borrowed least, and anew when the borrower is gone', async () => {
  const it = ports()
  const workers = [1, 2, 3, 4].map((number) => it.worker(number, `${number}`))
  for (const worker of workers) await worker.listen(80)
  workers[0]!.dies()
  await it.settle()
  workers[1]!.dies()
  await it.settle()
  expect(it.view()).toEqual(['3', '4', '3', '4'])
  workers[2]!.dies()
  await it.settle()
  expect(it.view()).toEqual(['4', '4', '4', '4'])
})

test('SharedPorts has the next worker take what waits where nobody is left to borrow', async () => {
  const it = ports()
  const one = it.worker(1, 'one')
  await one.listen(80)
  one.dies()
  await it.settle()
  expect(it.view()).toEqual(['nobody'])
  await it.worker(1, 'next').listen(80)
  expect(it.view()).toEqual(['next'])
})

test('SharedPorts leaves the queue to the successor of a worker that is replaced', async () => {
  const it = await two()
  const next = it.worker(1, 'next')
  await next.listen(80)
  next.serves()
  expect(it.view()).toEqual(['one+next', 'two'])
  it.one.user.phase = 'draining'
  await it.listeners[0]!.close()
  expect(it.view()).toEqual(['next', 'two'])
  expect(it.bound.flatMap(({ ends }) => ends)).toEqual(['one left'])
})

test('SharedPorts lets go of a socket before its last worker empties its queue', async () => {
  const it = await two()
  it.one.user.phase = 'draining'
  const socket = it.bound.find(({ accepting }) => accepting.has('one'))!
  const closed = it.listeners[0]!.close()
  expect([socket.open, socket.ends]).toEqual([false, []])
  await closed
  expect(socket.ends).toEqual(['one closed'])
  expect(it.view()).toEqual(['nobody, closed', 'two'])
})

test('SharedPorts keeps what a worker leaves that cannot start', async () => {
  const it = await two()
  it.one.dies()
  const next = it.worker(1, 'next')
  const listener = await next.listen(80)
  await listener.close()
  await it.settle()
  expect(it.view()).toEqual(['two', 'two'])
  expect(it.bound.flatMap(({ ends }) => ends)).toEqual(['two left', 'next left'])
})

test('SharedPorts gives up what the next worker of a number does not ask for', async () => {
  const it = await two()
  it.one.dies()
  await it.settle()
  it.worker(1, 'next').serves()
  await it.settle()
  expect(it.view()).toEqual(['nobody, closed', 'two'])
  expect(it.bound.flatMap(({ ends }) => ends)).toEqual(['two closed'])
})

test('SharedPorts lends what a leaving borrower gives back to another one', async () => {
  const it = ports()
  const workers = [1, 2, 3].map((number) => it.worker(number, `${number}`))
  const listeners: BoundListener[] = []
  for (const worker of workers) {
    listeners.push(await worker.listen(80))
    worker.serves()
  }
  workers[0]!.dies()
  await it.settle()
  expect(it.view()).toEqual(['2', '2', '3'])
  workers[1]!.user.phase = 'draining'
  await listeners[1]!.close()
  await it.settle()
  expect(it.view()).toEqual(['3', 'nobody, closed', '3'])
})

test('SharedPorts holds nothing for a worker that ends while its port is being bound', async () => {
  const it = await two()
  const next = it.worker(1, 'next')
  void next.listen(81).catch(() => {})
  next.dies()
  await it.settle()
  expect(it.view()).toEqual(['one', 'two', 'nobody'])
  it.worker(1, 'other').serves()
  await it.settle()
  expect(it.view()).toEqual(['one', 'two'])
})

test('WorkerNetwork goes on where the supervisor is gone or silent, and empties its queues', async () => {
  const it = await two()
  it.one.user.channel.listen('ports', () => {})
  const closing = it.listeners[0]!.close()
  await it.clock.advance('2s')
  await closing
  await it.two.user.channel.end()
  await it.listeners[1]!.close()
  expect(it.bound.flatMap(({ ends }) => ends)).toEqual(['one closed', 'two closed'])
  await expect(it.two.listen(81)).rejects.toThrow('the supervisor has ended')
  expect(it.clock.pending).toBe(0)
})

test('WorkerNetwork gives back at once what it is lent for a port that it closes', async () => {
  const it = await two()
  const questions: unknown[] = []
  it.one.user.channel.listen('ports', (question) => questions.push(question))
  const closing = it.listeners[0]!.close()
  const lent = it.bound.find(({ accepting }) => accepting.has('two'))!
  for (const number of [1, 2, 3])
    it.one.user.channel.send('ports', { kind: 'lent', port: number, socket: 9 }, lent)
  await it.settle()
  // Whichever of the numbers is that of the port: it accepts for none.
  expect([lent.open, [...lent.accepting], lent.ends]).toEqual([false, ['two'], []])
  expect(questions).toEqual([
    { kind: 'leave', id: expect.any(Number), socket: expect.any(Number) },
    ...[1, 2, 3].map(() => ({ kind: 'left', socket: 9 })),
  ])
  await it.clock.advance('2s')
  await closing
})

test('WorkerNetwork lends no ear to a port that it closes', async () => {
  const it = await two()
  it.listeners[1]!.destroy()
  it.one.dies()
  await it.settle()
  expect(it.bound.flatMap(({ accepting }) => [...accepting])).toEqual([])
})

test('WorkerNetwork gives back what it is lent, also before it listens there', async () => {
  const it = await two()
  const [own, lent] = it.bound.filter(({ open }) => open)
  for (const port of [1, 2, 3]) it.one.user.channel.send('ports', { kind: 'lent', port, socket: 9 }, lent)
  expect([...lent!.accepting]).toEqual(['two', 'one'])
  it.one.user.channel.send('ports', { kind: 'back', socket: 9, last: false })
  await it.settle()
  expect([lent!.ends, [...own!.accepting]]).toEqual([['one left'], ['one']])
})

test('WorkerNetwork takes what it is lent before it listens itself', async () => {
  const it = await two()
  it.one.dies()
  it.two.dies()
  const questions: unknown[] = []
  const next = it.worker(1, 'next')
  const listening = next.listen(80)
  next.user.channel.listen('ports', (question) => questions.push(question))
  await listening
  await it.settle()
  expect([it.view(), questions]).toEqual([['next', 'next'], []])
})

test('SharedPorts has others accept where a worker cannot listen with what it was given', async () => {
  const it = ports({ deaf: 'two' })
  const [one, other] = [it.worker(1, 'one'), it.worker(2, 'two')]
  await one.listen(80)
  await expect(other.listen(80)).rejects.toThrow('it cannot listen')
  await it.settle()
  expect(it.view()).toEqual(['one', 'one'])
  // What it is lent and cannot take either, it survives.
  other.user.channel.send('ports', { kind: 'lent', port: 1, socket: 9 }, it.bound[0])
  await it.settle()
})
