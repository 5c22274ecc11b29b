import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import type { SocketHandle } from '../../transport/network.ts'
import { type Message, type Peer, ProcessChannel } from './process-channel.ts'

/** The other process: it takes messages when the test says so. */
class FakePeer extends EventEmitter implements Peer {
  connected = true
  readonly sent: Message[] = []
  readonly untaken: (() => void)[] = []

  send(message: Message, _socket: SocketHandle | undefined, callback: () => void): boolean {
    this.sent.push(message)
    this.untaken.push(callback)
    return this.untaken.length < 2
  }

  disconnect(): void {
    this.connected = false
    this.emit('disconnect')
  }
}

function socket() {
  return {
    fd: 7,
    open: true,
    getsockname: () => 0,
    close() {
      this.open = false
    },
  }
}

test('ProcessChannel brings messages to the listener of their topic, and drops what nobody listens to', () => {
  const peer = new FakePeer()
  const channel = new ProcessChannel(peer)
  const received: unknown[] = []
  const [wanted, unwanted] = [socket(), socket()]
  channel.listen('a', () => received.push('replaced'))
  channel.listen('a', (message, handle) => received.push(message, handle))
  peer.emit('message', ['a', 1], wanted)
  for (const other of [['b', 2], 'a', [3], null, { 0: 'a' }]) peer.emit('message', other, undefined)
  peer.emit('message', ['b', 2], unwanted)
  peer.emit('message', ['a', 4], new EventEmitter())
  expect(received).toEqual([1, wanted, 4, undefined])
  expect([wanted.open, unwanted.open]).toEqual([true, false])
})

test('ProcessChannel survives a listener that throws', () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  const peer = new FakePeer()
  new ProcessChannel(peer).listen('a', () => {
    throw new Error('not understood')
  })
  peer.emit('message', ['a', {}], undefined)
  expect(report.mock.calls.map(([line]) => line)).toEqual([
    'gatewright: a message of another process could not be heeded (a)',
  ])
  report.mockRestore()
})

test('ProcessChannel says when much waits to leave, and ends when it has left', async () => {
  const peer = new FakePeer()
  const channel = new ProcessChannel(peer)
  expect([channel.send('a', 1), channel.send('a', 2)]).toEqual([true, false])
  const ended = channel.end()
  expect(peer.connected).toBe(true)
  for (const taken of peer.untaken) taken()
  await ended
  await channel.closed
  expect([peer.connected, channel.send('a', 3), peer.sent.length]).toEqual([false, false, 2])
})

test('ProcessChannel is closed when the other side takes nothing', async () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  const peer = new FakePeer()
  const channel = new ProcessChannel(peer, 3)
  for (let i = 0; i < 5; i++) channel.send('a', i)
  await channel.closed
  expect([peer.connected, peer.sent.length]).toEqual([false, 3])
  expect(report).toHaveBeenCalledTimes(1)
  report.mockRestore()
})

test('ProcessChannel is closed from the start where the other side is gone', async () => {
  const peer = new FakePeer()
  peer.connected = false
  const channel = new ProcessChannel(peer)
  await channel.closed
  await channel.end()
  expect(channel.send('a', 1)).toBe(false)
})
