import { expect, test } from 'vitest'
import type { HandshakeHandler, TlsServer, Wire } from '../../core/network.ts'
import type { RefusedConnection } from '../../core/observer.ts'
import { virtualClock } from '../../testing/index.ts'
import { Handshakes } from './handshakes.ts'

/** A server whose handshakes end when the test says so. */
class HeldServer implements TlsServer {
  readonly begun: { readonly wire: Wire; readonly handler: HandshakeHandler; aborted: boolean }[] = []

  accept(wire: Wire, _early: Buffer | undefined, handler: HandshakeHandler) {
    const handshake = { wire, handler, aborted: false }
    this.begun.push(handshake)
    return {
      abort: () => {
        handshake.aborted = true
      },
    }
  }

  update() {}
  rotateTicketKeys() {}
}

const wireAt = (port: number) => ({ remote: { address: '192.0.2.1', port } }) as Wire

function setUp({ handshakes = 3, handshakeMs = 1_000 } = {}) {
  const clock = virtualClock()
  const server = new HeldServer()
  const secured: Wire[] = []
  const refused: (RefusedConnection | undefined)[] = []
  const all = new Handshakes(
    { clock, handshakes, handshakeMs },
    { secured: (wire) => void secured.push(wire), unsecured: (one) => void refused.push(one) },
  )
  const begin = (port: number) => all.begin(wireAt(port), server)
  /** As a network does it: the connection is closed an event later. */
  const closeAborted = () => {
    for (const one of server.begun)
      if (one.aborted) {
        one.aborted = false
        one.handler.onFailed(new Error('given up'))
      }
  }
  return { clock, server, secured, refused, all, begin, closeAborted }
}

test('a handshake that succeeds gives its wire, and is no longer counted', () => {
  const { server, secured, refused, all, begin } = setUp()
  begin(1)
  expect(all.size).toBe(1)
  const secure = wireAt(2)
  server.begun[0]!.handler.onSecure(secure)
  expect([all.size, secured, refused]).toEqual([0, [secure], []])
})

test('a handshake that fails is told with its reason, once', () => {
  const { server, refused, all, begin } = setUp()
  begin(1)
  const error = new Error('wrong version number')
  server.begun[0]!.handler.onFailed(error)
  begin(2)
  server.begun[1]!.handler.onFailed(new Error('…:peer did not return a certificate:…'))
  begin(3)
  server.begun[2]!.handler.onFailed(Object.assign(new Error('x'), { name: 'ClientCertificateError' }))
  expect(all.size).toBe(0)
  expect(refused.map((one) => [one?.reason, one?.peer.port])).toEqual([
    ['handshake_failed', 1],
    ['client_certificate', 2],
    ['client_certificate', 3],
  ])
  expect(refused[0]?.error).toBe(error)
})

test('handshakes that take too long are given up, each when its own time is up', async () => {
  const { clock, server, refused, all, begin, closeAborted } = setUp()
  begin(1)
  await clock.advance(400)
  begin(2)
  await clock.advance(599)
  expect(server.begun.map(({ aborted }) => aborted)).toEqual([false, false])
  await clock.advance(1)
  expect(server.begun.map(({ aborted }) => aborted)).toEqual([true, false])
  // Its connection is still open.
  expect(all.size).toBe(2)
  closeAborted()
  expect(all.size).toBe(1)
  await clock.advance(400)
  closeAborted()
  expect([all.size, refused.map((one) => [one?.reason, one?.peer.port, one?.error])]).toEqual([
    0,
    [
      ['handshake_timeout', 1, undefined],
      ['handshake_timeout', 2, undefined],
    ],
  ])
})

test('past the limit, the handshake that has lasted the longest makes room', () => {
  const { server, refused, all, begin, closeAborted } = setUp({ handshakes: 2 })
  for (const port of [1, 2, 3, 4]) begin(port)
  expect(server.begun.map(({ aborted }) => aborted)).toEqual([true, true, false, false])
  expect(all.size).toBe(4)
  closeAborted()
  expect([all.size, refused.map((one) => [one?.reason, one?.peer.port])]).toEqual([
    2,
    [
      ['handshakes', 1],
      ['handshakes', 2],
    ],
  ])
})

test('a server that throws has failed the handshake, once', () => {
  const { refused, all } = setUp()
  let destroyed = false
  let handler: HandshakeHandler | undefined
  const wire = { ...wireAt(1), destroy: () => (destroyed = true) } as unknown as Wire
  const server = {
    accept: (_wire: Wire, _early: undefined, given: HandshakeHandler) => {
      handler = given
      throw new Error('no socket')
    },
  } as unknown as TlsServer
  all.begin(wire, server)
  handler!.onFailed(new Error('closed'))
  expect([destroyed, all.size, refused.map((one) => one?.error?.message)]).toEqual([true, 0, ['no socket']])
})

test('closing gives all up without a word, and leaves no timer', async () => {
  const { clock, refused, all, begin, closeAborted } = setUp()
  begin(1)
  begin(2)
  all.close()
  closeAborted()
  expect([all.size, refused, clock.pending]).toEqual([0, [undefined, undefined], 0])
})
