import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type MessageContext,
  type WebSocketMessage,
  type WebSocketOptions,
  websocket,
} from '../../src/filters/index.ts'
import {
  client,
  GET,
  gateway,
  OK,
  rawUpstream,
  SWITCHED,
  testClock,
  testNetwork,
  WEBSOCKET,
} from './support.ts'
import { closeCode, closing, frame, nextFrame, nextText, Opcode, openWebSocket } from './websocket-frames.ts'

const unmasked = { masked: false }

describe('websocket: messages', () => {
  it('of both sides are shown, as text or as bytes', async () => {
    const shown: [string, WebSocketMessage][] = []
    const { from, peer } = await openWebSocket(
      websocket({
        onMessage: (message, context) => {
          shown.push([context.from, message])
        },
      }),
    )
    await from.send(frame(Opcode.text, 'grüße'))
    expect(await nextFrame(peer)).toMatchObject({
      opcode: Opcode.text,
      masked: true,
      data: Buffer.from('grüße'),
    })
    await peer.send(frame(Opcode.binary, Buffer.from([0, 255]), unmasked))
    expect(await nextFrame(from)).toMatchObject({
      opcode: Opcode.binary,
      masked: false,
      data: Buffer.from([0, 255]),
    })
    expect(shown).toEqual([
      ['client', 'grüße'],
      ['upstream', Buffer.from([0, 255])],
    ])
  })

  it('can be changed, into one of the other kind too', async () => {
    const { from, peer } = await openWebSocket(
      websocket({
        onMessage: (message) =>
          typeof message === 'string' ? Buffer.from(message) : `${message.length} bytes`,
      }),
    )
    await from.send(frame(Opcode.text, 'hi'))
    expect(await nextFrame(peer)).toMatchObject({ opcode: Opcode.binary, data: Buffer.from('hi') })
    await from.send(frame(Opcode.binary, 'hi'))
    expect(await nextFrame(peer)).toMatchObject({ opcode: Opcode.text, data: Buffer.from('2 bytes') })
  })

  it('can be dropped, and answered', async () => {
    const { from, peer } = await openWebSocket(
      websocket({
        onMessage: async (message, { reply }) => {
          if (message !== 'who?') return undefined
          await reply('the proxy')
          return false
        },
      }),
    )
    await from.send(Buffer.concat([frame(Opcode.text, 'who?'), frame(Opcode.text, 'on')]))
    expect(await nextText(from)).toBe('the proxy')
    expect(await nextText(peer)).toBe('on')
    await peer.send(frame(Opcode.text, 'who?', unmasked))
    expect(await nextText(peer)).toBe('the proxy')
  })

  it('wait for the one before, however long that takes', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const begun: WebSocketMessage[] = []
    const { from, peer } = await openWebSocket(
      websocket({
        onMessage: async (message) => {
          begun.push(message)
          await gates[begun.length - 1]?.promise
          return `${String(message)}!`
        },
      }),
    )
    await from.send(Buffer.concat([frame(Opcode.text, 'a'), frame(Opcode.text, 'b')]))
    await testNetwork().settled()
    expect(begun).toEqual(['a'])
    gates[0]!.resolve()
    expect(await nextText(peer)).toBe('a!')
    gates[1]!.resolve()
    expect(await nextText(peer)).toBe('b!')
    expect(begun).toEqual(['a', 'b'])
  })

  it('in fragments, with a ping between them, go on as one', async () => {
    const { from, peer } = await openWebSocket(websocket())
    await from.send(
      Buffer.concat([
        frame(Opcode.text, 'one ', { fin: false }),
        frame(Opcode.ping, 'there?'),
        frame(Opcode.continuation, 'message'),
      ]),
    )
    expect(await nextFrame(peer)).toMatchObject({ opcode: Opcode.ping, data: Buffer.from('there?') })
    expect(await nextFrame(peer)).toMatchObject({
      opcode: Opcode.text,
      fin: true,
      data: Buffer.from('one message'),
    })
    await peer.send(frame(Opcode.pong, 'there?', unmasked))
    expect(await nextFrame(from)).toMatchObject({ opcode: Opcode.pong, data: Buffer.from('there?') })
  })

  it('are told of the exchange that they belong to', async () => {
    let context: MessageContext | undefined
    const { from, peer } = await openWebSocket(
      websocket({
        onMessage: (_message, it) => {
          context = it
        },
      }),
    )
    await from.send(frame(Opcode.text, 'a'))
    await nextText(peer)
    expect(context!.exchange.request.path).toBe('/chat')
  })

  it('in the same packets as the handshake are read', async () => {
    const { from, peer } = await openWebSocket(websocket({ onMessage: (message) => `${String(message)}!` }), {
      earlyUp: frame(Opcode.text, 'up'),
      earlyDown: frame(Opcode.text, 'down', unmasked),
    })
    expect(await nextText(peer)).toBe('up!')
    expect(await nextText(from)).toBe('down!')
  })
})

describe('websocket: backpressure', () => {
  it('reads no more than the queue takes while a message is at work', async () => {
    const gate = Promise.withResolvers<void>()
    let shown = 0
    const { from, peer } = await openWebSocket(
      websocket({
        maxQueued: 4,
        onMessage: async () => {
          shown++
          await gate.promise
        },
      }),
    )
    const message = frame(Opcode.binary, Buffer.alloc(60_000))
    let sent = 0
    const sending = (async () => {
      for (; sent < 100; sent++) await from.send(message)
    })()
    for (let i = 0; i < 200; i++) await testNetwork().settled()
    expect(shown).toBe(1)
    // 4 in the queue, 1 at work; the rest is on its way in the network.
    expect(sent).toBeLessThan(30)
    gate.resolve()
    for (let i = 0; i < 100; i++) expect((await nextFrame(peer)).data.length).toBe(60_000)
    await sending
    expect(shown).toBe(100)
  })

  it('a side that does not read holds up the other', async () => {
    let shown = 0
    const { from, peer } = await openWebSocket(
      websocket({
        onMessage: () => {
          shown++
        },
      }),
    )
    peer.pause()
    const message = frame(Opcode.binary, Buffer.alloc(60_000))
    const sending = (async () => {
      for (let i = 0; i < 200; i++) await from.send(message)
    })()
    for (let i = 0; i < 400; i++) await testNetwork().settled()
    expect(shown).toBeLessThan(60)
    peer.resume()
    for (let i = 0; i < 200; i++) expect((await nextFrame(peer)).data.length).toBe(60_000)
    await sending
  })
})

describe('websocket: the end', () => {
  it('a close frame goes on, and its answer comes back', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    await from.send(Buffer.concat([frame(Opcode.text, 'last'), frame(Opcode.close, closing(3001, 'enough'))]))
    expect(await nextText(peer)).toBe('last')
    expect((await nextFrame(peer)).data).toEqual(closing(3001, 'enough'))
    await peer.send(
      Buffer.concat([frame(Opcode.text, 'late', unmasked), frame(Opcode.close, closing(3002), unmasked)]),
    )
    expect(await nextText(from)).toBe('late')
    expect((await nextFrame(from)).data).toEqual(closing(3002))
    expect(await from.over).toBe('ended')
    from.end()
    // The one to the service is ended by the service.
    peer.end()
    expect(await peer.over).toBe('ended')
    expect(await app.outcome()).toMatchObject({ result: 'completed', status: 101, error: undefined })
  })

  it('a close frame without a code goes on as such', async () => {
    const { from, peer } = await openWebSocket(websocket())
    await from.send(frame(Opcode.close))
    expect(await closeCode(peer)).toBeUndefined()
  })

  it('a service that hangs up right behind its close frame still has the answer waited for', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    void peer.send(frame(Opcode.close, closing(1000), unmasked))
    peer.close()
    expect(await closeCode(from)).toBe(1000)
    await from.send(frame(Opcode.close, closing(1000)))
    expect(await from.over).toBe('ended')
    from.end()
    expect(await app.outcome()).toMatchObject({ result: 'completed', error: undefined })
  })

  it('who never answers a close frame is reset', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    await from.send(frame(Opcode.close, closing(1000)))
    expect(await closeCode(peer)).toBe(1000)
    await testClock().advance(10_000)
    expect(await from.over).toBe('reset')
    expect(await peer.over).toBe('reset')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'tunnel_timeout' } })
  })

  it('one that stays after both have said goodbye makes no failure', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    await from.send(frame(Opcode.close, closing(1000)))
    await closeCode(peer)
    await peer.send(frame(Opcode.close, closing(1000), unmasked))
    await closeCode(from)
    await testClock().advance(10_000)
    await from.over
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'completed', error: undefined })
  })

  for (const who of ['client', 'service'] as const) {
    it(`a ${who} that ends without a close frame: what it said goes on, then the end`, async () => {
      const { app, from, peer } = await openWebSocket(websocket())
      const [one, other] = who === 'client' ? [from, peer] : [peer, from]
      await one.send(frame(Opcode.text, 'last', { masked: who === 'client' }))
      one.end()
      expect(await nextText(other)).toBe('last')
      expect(await other.over).toBe('ended')
      other.end()
      expect(await one.over).toBe('ended')
      expect(await app.outcome()).toMatchObject({ result: 'completed', error: undefined })
    })

    it(`a ${who} that is reset resets the other`, async () => {
      const { app, from, peer } = await openWebSocket(websocket())
      const [one, other] = who === 'client' ? [from, peer] : [peer, from]
      one.reset()
      expect(await other.over).toBe('reset')
      const code = who === 'client' ? 'client_aborted' : 'upstream_reset'
      expect(await app.outcome()).toMatchObject({ error: { code } })
    })
  }

  it('onMessage can close both sides', async () => {
    const { app, from, peer } = await openWebSocket(
      websocket({ onMessage: (_message, { close }) => close(4000, 'no such thing') }),
    )
    await from.send(Buffer.concat([frame(Opcode.text, 'a'), frame(Opcode.text, 'b')]))
    expect((await nextFrame(from)).data).toEqual(closing(4000, 'no such thing'))
    expect((await nextFrame(peer)).data).toEqual(closing(4000, 'no such thing'))
    from.close()
    peer.close()
    expect(await app.outcome()).toMatchObject({ result: 'completed', error: undefined })
  })

  for (const [name, onMessage] of [
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('broken')
      },
    ],
    ['returns what is no message', () => 7 as never],
    ['resolves with what is no message', async () => ({}) as never],
    [
      'closes with a code that may not be sent',
      (_: WebSocketMessage, { close }: MessageContext) => close(1006),
    ],
    [
      'closes with a reason that is too long',
      (_: WebSocketMessage, { close }: MessageContext) => close(1000, 'x'.repeat(124)),
    ],
  ] as const) {
    it(`1011 to both where onMessage ${name}, and it is reported`, async () => {
      const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
      onTestFinished(() => reported.mockRestore())
      const { app, from, peer } = await openWebSocket(websocket({ onMessage }))
      await from.send(frame(Opcode.text, 'a'))
      expect(await closeCode(from)).toBe(1011)
      expect(await closeCode(peer)).toBe(1011)
      from.close()
      peer.close()
      expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'internal_error' } })
      expect(reported).toHaveBeenCalledOnce()
    })
  }

  it('idle for too long: 1001 to the client', async () => {
    const { app, from, peer } = await openWebSocket(websocket(), { pool: { tunnelIdleMs: '5m' } })
    await testClock().advance(300_000)
    await peer.over
    expect(await closeCode(from)).toBe(1001)
    from.close()
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'tunnel_timeout' } })
  })
})

describe('websocket: pings', () => {
  const pinging = () => websocket({ pingMs: '30s', pingTimeoutMs: '10s' })

  it('are sent to a side that says nothing; its pong is not passed on', async () => {
    const { from, peer } = await openWebSocket(pinging())
    await testClock().advance(30_000)
    const [up, down] = [await nextFrame(peer), await nextFrame(from)]
    expect([up.opcode, down.opcode]).toEqual([Opcode.ping, Opcode.ping])
    await from.send(frame(Opcode.pong, down.data))
    await peer.send(frame(Opcode.pong, up.data, unmasked))
    await from.send(frame(Opcode.text, 'still here'))
    expect(await nextText(peer)).toBe('still here')
    await testClock().advance(29_000)
    expect(from.unreadBytes).toBe(0)
    await testClock().advance(2_000)
    expect((await nextFrame(from)).opcode).toBe(Opcode.ping)
  })

  it('a client that answers none is closed, and the service told 1001', async () => {
    const { app, from, peer } = await openWebSocket(pinging())
    await testClock().advance(30_000)
    const ping = await nextFrame(peer)
    await peer.send(frame(Opcode.pong, ping.data, unmasked))
    await testClock().advance(10_000)
    expect(await closeCode(peer)).toBe(1001)
    expect((await nextFrame(from)).opcode).toBe(Opcode.ping)
    expect(await closeCode(from)).toBe(1001)
    await testClock().advance(5_000)
    await from.over
    expect(await app.outcome()).toMatchObject({ error: { code: 'tunnel_timeout', detail: 'no pong came' } })
  })

  it('a service that answers none is closed, and the client told 1014', async () => {
    const { from, peer } = await openWebSocket(pinging())
    await testClock().advance(30_000)
    await from.send(frame(Opcode.pong, (await nextFrame(from)).data))
    await testClock().advance(10_000)
    expect(await closeCode(from)).toBe(1014)
    expect((await nextFrame(peer)).opcode).toBe(Opcode.ping)
    expect(await closeCode(peer)).toBe(1001)
  })

  it('one who is not read is not taken for dead', async () => {
    const gate = Promise.withResolvers<void>()
    const { from, peer } = await openWebSocket(
      websocket({ pingMs: '30s', pingTimeoutMs: '10s', maxQueued: 1, onMessage: () => gate.promise }),
    )
    await from.send(Buffer.concat(['a', 'b', 'c'].map((it) => frame(Opcode.text, it))))
    for (let i = 0; i < 20; i++) {
      await testClock().advance(10_000)
      while (peer.unreadBytes > 0) {
        const { opcode, data } = await nextFrame(peer)
        if (opcode === Opcode.ping) await peer.send(frame(Opcode.pong, data, unmasked))
      }
    }
    gate.resolve()
    expect(await nextText(peer)).toBe('a')
    expect(await nextText(peer)).toBe('b')
  })
})

describe('websocket: a drain', () => {
  it('says 1001 to both when tunnels have had their time, and ends when they answer', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    const drained = app.running.drain({ limitMs: '1h', tunnelMs: '5s' })
    await testClock().advance(5_000)
    expect(await closeCode(from)).toBe(1001)
    expect(await closeCode(peer)).toBe(1001)
    await from.send(frame(Opcode.close, closing(1001)))
    await peer.send(frame(Opcode.close, closing(1001), unmasked))
    from.end()
    peer.end()
    await drained
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
  })

  it('does not wait for those who do not answer', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    const drained = app.running.drain({ limitMs: '1h', tunnelMs: '5s' })
    await testClock().advance(5_000)
    await closeCode(from)
    await testClock().advance(5_000)
    expect(await from.over).toBe('ended')
    await peer.over
    await drained
  })

  it('says it also where they are closed at once', async () => {
    const { app, from, peer } = await openWebSocket(websocket())
    const closed = app.running.close()
    expect(await closeCode(from)).toBe(1001)
    expect(await closeCode(peer)).toBe(1001)
    await testNetwork().until(closed)
  })
})

describe('websocket: the handshake', () => {
  async function asked(line: string, options: WebSocketOptions = {}) {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream, { filters: [websocket(options)] }))
    await from.send(WEBSOCKET.replace(/\r\n$/, `${line}\r\n`))
    return { upstream, from }
  }

  it.each([
    ['permessage-deflate, x-other', {}, 'permessage-deflate'],
    ['x-other', {}, undefined],
    ['permessage-deflate', { compression: false }, undefined],
  ] as const)('offers of %j with %j what it can read', async (offered, options, passed) => {
    const { upstream } = await asked(`Sec-WebSocket-Extensions: ${offered}\r\n`, options)
    const peer = await upstream.accept()
    expect((await peer.request()).header('sec-websocket-extensions')).toBe(passed)
    peer.close()
  })

  it('502 where the service agrees to what it was not offered', async () => {
    const { upstream, from } = await asked('')
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED.replace(/\r\n$/, 'Sec-WebSocket-Extensions: x-other\r\n\r\n'))
    expect((await from.response()).status).toBe(502)
    await peer.over
  })

  it('400 where the offer cannot be read', async () => {
    const { from } = await asked('Sec-WebSocket-Extensions: a b\r\n')
    expect((await from.response()).status).toBe(400)
  })

  it('offers no other protocol beside WebSocket: it would be a way past the filter', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream, { filters: [websocket()] }))
    await from.send(WEBSOCKET.replace('Upgrade: websocket', 'Upgrade: other, websocket'))
    const peer = await upstream.accept()
    expect((await peer.request()).header('upgrade')).toBe('websocket')
    peer.close()
  })

  it('has nothing to do with other requests', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream, { filters: [websocket()] }))
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })
})
