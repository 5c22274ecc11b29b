import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listenWith } from '../../transport/network.ts'
import { type Bound, bindSocket } from './bound-socket.ts'

const LOOPBACK = { address: '127.0.0.1', family: 4 }

function bound(port: number, shared: boolean): Bound | undefined {
  const made = bindSocket({ ...LOOPBACK, port }, shared)
  if (made !== undefined) onTestFinished(() => made.socket.close())
  return made
}

test('bindSocket binds to a free port, and lets nobody connect before someone listens', async () => {
  const { address } = bound(0, false)!
  expect(address).toEqual({ address: '127.0.0.1', port: expect.any(Number) })
  const [error] = (await once(connect(address.port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})

test.skipIf(process.platform !== 'linux')(
  'bindSocket has several listen at one port, where all share it',
  async () => {
    const first = bindSocket({ ...LOOPBACK, port: 0 }, true)!
    const second = bindSocket({ ...LOOPBACK, port: first.address.port }, true)!
    const listeners = [
      await listenWith(first.socket, 16, () => {}),
      await listenWith(second.socket, 16, () => {}),
    ]
    expect(listeners.map(({ address }) => address)).toEqual([first.address, first.address])
    for (const listener of listeners) listener.leave()
  },
)

test('bindSocket says what is wrong in the words of the system', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const at = server.address()
  const port = typeof at === 'object' && at !== null ? at.port : 0
  for (const shared of [true, false])
    expect(() => bound(port, shared)).toThrow(
      expect.objectContaining({
        code: 'EADDRINUSE',
        syscall: 'bind',
        message: `bind EADDRINUSE 127.0.0.1:${port}`,
      }),
    )
  expect(() => bindSocket({ address: '192.0.2.1', family: 4, port: 0 }, false)).toThrow(
    expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
  )
})
