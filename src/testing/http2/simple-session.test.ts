import { expect, test } from 'vitest'
import type { Wire } from '../../core/network.ts'
import { frameBytes, PREFACE, sectionBytes, settingsBytes, uint32 } from './simple-frames.ts'
import { encodeFields, type Http2Field } from './simple-hpack.ts'
import { type SessionHandler, SimpleSession, type StreamHandler } from './simple-session.ts'

interface Told {
  readonly session: SimpleSession
  readonly events: string[]
  readonly written: Buffer[]
}

/** A session on a wire that only notes what is written. */
function told(side: 'client' | 'server'): Told {
  const events: string[] = []
  const written: Buffer[] = []
  const wire = {
    write: (bytes: Uint8Array) => {
      written.push(Buffer.from(bytes))
      return true
    },
  } as Partial<Wire> as Wire
  const stream: StreamHandler = {
    onSection: (fields, ended) => events.push(`section ${fields.length}${ended ? ' end' : ''}`),
    onData: (bytes, ended) => events.push(`data ${bytes.toString()}${ended ? ' end' : ''}`),
    onReset: (code) => events.push(`reset ${code}`),
  }
  const handler: SessionHandler = {
    onStream: ({ id }) => {
      events.push(`stream ${id}`)
      return stream
    },
    onGoaway: (last, code) => events.push(`goaway ${last} ${code}`),
    onSettings: () => events.push('settings'),
    onOver: ({ id }) => events.push(`over ${id}`),
  }
  return { session: new SimpleSession(wire, handler, { side }), events, written }
}

const FIELDS: readonly Http2Field[] = [
  [':method', 'GET'],
  ['x-long', 'v'.repeat(40_000)],
]
const HEAD = encodeFields(FIELDS.slice(0, 1))
const [DATA, HEADERS, RST_STREAM, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  0, 1, 3, 5, 6, 7, 8, 9,
]
const END_HEADERS = 4

test('SimpleSession reads a client byte by byte: sections of many frames, padding, resets', () => {
  const { session, events, written } = told('server')
  const bytes = Buffer.concat([
    PREFACE,
    settingsBytes([]),
    sectionBytes(1, encodeFields(FIELDS), false),
    // Four bytes of padding, and the fields of PRIORITY.
    frameBytes(DATA!, 8, 1, Buffer.from('\x04data\0\0\0\0')),
    frameBytes(
      HEADERS!,
      END_HEADERS | 8 | 0x20 | 1,
      3,
      Buffer.concat([Buffer.from('\x02\0\0\0\0\0'), HEAD, Buffer.alloc(2)]),
    ),
    frameBytes(PING!, 0, 0, Buffer.from('12345678')),
    frameBytes(RST_STREAM!, 0, 3, uint32(8)),
    frameBytes(0xee, 0, 0, Buffer.from('unknown')),
    frameBytes(DATA!, 1, 1),
    frameBytes(GOAWAY!, 0, 0, Buffer.concat([uint32(0), uint32(99)])),
  ])
  for (const byte of bytes) session.push(Buffer.of(byte))
  expect(events).toEqual([
    'settings',
    'stream 1',
    'section 2',
    'data data',
    'stream 3',
    'section 1 end',
    'over 3',
    'reset CANCEL',
    'data  end',
    'goaway 0 INTERNAL_ERROR',
  ])
  expect(written.map((it) => it.toString('hex'))).toEqual([
    '000000040100000000',
    // Both windows, padding included.
    '00000408000000000000000009',
    '00000408000000000100000009',
    '0000080601000000003132333435363738',
  ])
})

const WRONG: readonly (readonly [
  name: string,
  side: 'client' | 'server',
  message: string,
  ...frames: Buffer[],
])[] = [
  ['a push', 'client', 'a push', frameBytes(PUSH_PROMISE!, 4, 1)],
  ['a stream that the server opens', 'client', 'stream 2, which is not open', sectionBytes(2, HEAD, true)],
  ['a stream that was not asked for', 'client', 'stream 1, which is not open', sectionBytes(1, HEAD, true)],
  ['data of no stream', 'server', 'stream 0, which is not open', frameBytes(DATA!, 0, 0)],
  ['a section of no stream', 'server', 'a header section of no stream', frameBytes(HEADERS!, 4, 0, HEAD)],
  ['a continuation of nothing', 'server', 'in the wrong place', frameBytes(CONTINUATION!, 4, 1)],
  [
    'a frame in the midst of a section',
    'server',
    'in the wrong place',
    frameBytes(HEADERS!, 0, 1, HEAD),
    frameBytes(PING!, 0, 0, Buffer.alloc(8)),
  ],
  [
    'data behind the end',
    'server',
    'goes on behind its end',
    sectionBytes(1, HEAD, true),
    frameBytes(DATA!, 0, 1),
  ],
  [
    'a window that grows by nothing',
    'server',
    'grows by nothing',
    frameBytes(WINDOW_UPDATE!, 0, 0, uint32(0)),
  ],
  [
    'padding that is more than all',
    'server',
    'shorter than its padding',
    frameBytes(DATA!, 8, 1, Buffer.of(9, 0)),
  ],
  [
    'a frame that is too large',
    'server',
    'a frame of 16385 bytes',
    frameBytes(DATA!, 0, 1, Buffer.alloc(16_385)),
  ],
]

test.each(WRONG.map(([name, side, message, ...frames]) => ({ name, side, message, frames })))(
  'SimpleSession throws at $name',
  ({ side, message, frames }) => {
    const { session } = told(side)
    if (side === 'server') session.push(Buffer.from(PREFACE))
    expect(() => session.push(Buffer.concat(frames))).toThrow(message)
  },
)

test('SimpleSession throws at more than the windows hold', () => {
  const { session } = told('server')
  session.push(Buffer.concat([PREFACE, sectionBytes(1, HEAD, false), sectionBytes(3, HEAD, false)]))
  for (const stream of session.streams) stream.stalled = true
  const most = Buffer.alloc(16_383)
  for (let i = 0; i < 4; i++) session.push(frameBytes(DATA!, 0, 1, most))
  expect(() => session.push(frameBytes(DATA!, 0, 3, Buffer.alloc(4)))).toThrow(
    'more than the window of the connection',
  )
})
