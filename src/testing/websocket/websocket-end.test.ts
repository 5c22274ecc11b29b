import { expect, test } from 'vitest'
import { type WebSocketClose, WebSocketEnd, type WebSocketMessage } from './websocket-end.ts'
import { webSocketFrame } from './websocket-frames.ts'
import { webSocketAccept } from './websocket-key.ts'

interface Told {
  readonly end: WebSocketEnd
  readonly written: string[]
  readonly messages: WebSocketMessage[]
  readonly closes: WebSocketClose[]
  ended: number
}

function told(side: 'client' | 'server'): Told {
  const all: Told = {
    end: new WebSocketEnd({
      side,
      write: (bytes) => void all.written.push(bytes.toString('hex')),
      end: () => void all.ended++,
      onMessage: (message) => void all.messages.push(message),
      onClose: (close) => void all.closes.push(close),
    }),
    written: [],
    messages: [],
    closes: [],
    ended: 0,
  }
  return all
}

test('webSocketFrame writes the examples of RFC 6455 section 5.7', () => {
  const hex = (...args: Parameters<typeof webSocketFrame>): string => webSocketFrame(...args).toString('hex')
  expect(hex({ opcode: 1, payload: 'Hello' })).toBe('810548656c6c6f')
  expect(hex({ opcode: 1, payload: 'Hello', masked: true })).toBe('818537fa213d7f9f4d5158')
  expect(hex({ opcode: 1, payload: 'Hel', fin: false })).toBe('010348656c')
  expect(hex({ opcode: 0, payload: 'lo' })).toBe('80026c6f')
  expect(hex({ opcode: 9, payload: 'Hello' })).toBe('890548656c6c6f')
  expect(hex({ opcode: 2, payload: Buffer.alloc(256) }).slice(0, 8)).toBe('827e0100')
  expect(hex({ opcode: 2, payload: Buffer.alloc(65_536) }).slice(0, 20)).toBe('827f0000000000010000')
  expect(hex({ opcode: 3, rsv: 5 })).toBe('d300')
})

test('webSocketAccept answers the key of RFC 6455 section 1.3', () => {
  expect(webSocketAccept('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

test('WebSocketEnd reads messages however they are cut, and answers pings in their midst', () => {
  const bytes = Buffer.concat([
    webSocketFrame({ opcode: 1, payload: 'grü', fin: false, masked: true }),
    webSocketFrame({ opcode: 9, payload: 'you?', masked: true }),
    webSocketFrame({ opcode: 10, payload: 'unasked', masked: true }),
    webSocketFrame({ opcode: 0, payload: 'ße', masked: true }),
    webSocketFrame({ opcode: 2, payload: Buffer.alloc(300, 7), masked: true }),
  ])
  const { end, messages, written } = told('server')
  for (const byte of bytes) end.read(Buffer.of(byte))
  expect(messages).toEqual(['grüße', Buffer.alloc(300, 7)])
  expect(written).toEqual([webSocketFrame({ opcode: 10, payload: 'you?' }).toString('hex')])
})

test('WebSocketEnd answers a Close frame once, and the server ends the connection', () => {
  for (const [side, ended] of [
    ['server', 1],
    ['client', 0],
  ] as const) {
    const it = told(side)
    it.end.read(
      webSocketFrame({ opcode: 8, payload: Buffer.from('\x0f\xa1why', 'latin1'), masked: side === 'server' }),
    )
    it.end.read(webSocketFrame({ opcode: 1, payload: 'late', masked: side === 'server' }))
    it.end.send('late too')
    it.end.ended()
    expect(it.closes).toEqual([{ code: 4001, reason: 'why' }])
    expect([it.messages, it.written.length, it.ended]).toEqual([[], 1, ended])
  }
  const without = told('client')
  without.end.read(webSocketFrame({ opcode: 8 }))
  expect(without.closes).toEqual([{ code: 1005, reason: '' }])
  expect(without.written).toEqual([webSocketFrame({ opcode: 8, masked: true }).toString('hex')])
})

test('WebSocketEnd that is left without a word says 1006', () => {
  const { end, closes } = told('client')
  end.close(1000, '')
  end.ended()
  expect(closes).toEqual([{ code: 1006, reason: '' }])
})

test.each([
  ['a frame without a mask', [{ opcode: 1, payload: 'x' }]],
  ['a reserved bit', [{ opcode: 1, payload: 'x', masked: true, rsv: 4 }]],
  ['a control frame that is none', [{ opcode: 9, masked: true, fin: false }]],
  ['a control frame that is none', [{ opcode: 9, masked: true, payload: 'x'.repeat(126) }]],
  ['a continuation of nothing', [{ opcode: 0, masked: true }]],
  [
    'a message in the midst of another',
    [
      { opcode: 1, masked: true, fin: false },
      { opcode: 1, masked: true },
    ],
  ],
  ['a frame that nobody knows', [{ opcode: 3, masked: true }]],
])('WebSocketEnd ends at %s', (reason, frames) => {
  const it = told('server')
  for (const frame of frames) it.end.read(webSocketFrame(frame))
  expect(it.closes).toEqual([{ code: 1006, reason }])
  // 1002: a protocol error.
  expect(it.written.at(-1)).toContain(`03ea${Buffer.from(reason).toString('hex')}`)
})
