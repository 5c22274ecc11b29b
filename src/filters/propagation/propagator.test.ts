import { createTraceState } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { HeaderList } from '../../core/headers.ts'
import { FieldLines } from '../../transport/http1/syntax.ts'
import { type Propagation, Propagator } from './propagator.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SHORT = '8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const W3C = ['traceparent', `00-${TRACE}-${SPAN}-01`] as const

/** As a listener over HTTP/1 gives it. */
function parsed(fields: readonly (readonly [string, string])[]): HeaderList {
  const text = `${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  const lines = new FieldLines()
  lines.scan(Buffer.from(text), 0, text.length, 100)
  return lines.list(text, 0)
}

describe.each([
  ['a parsed head', parsed],
  ['a list of fields', (fields: readonly (readonly [string, string])[]) => HeaderList.from(fields)],
])('Propagator.take of %s', (_, listOf) => {
  const taken = (propagations: readonly Propagation[], fields: readonly (readonly [string, string])[]) =>
    new Propagator(propagations).take(listOf(fields))

  it('takes nothing out of a head that has nothing of a trace', () => {
    const headers = listOf([['Accept', '*/*']])
    expect(new Propagator(['w3c']).take(headers)).toBeUndefined()
    expect([...headers]).toEqual([['Accept', '*/*']])
  })

  it('takes all of it out, in whatever format, and leaves the rest as it was', () => {
    const headers = listOf([
      ['Accept', '*/*'],
      ['TraceParent', W3C[1]],
      ['Connection', 'close'],
      ['X-B3-TraceId', TRACE],
      ['X-B3-SpanId', SPAN],
      ['X-B3-ParentSpanId', SPAN],
      ['X-B3-Sampled', '1'],
      ['X-B3-Flags', '0'],
      ['B3', '1'],
      ['tracestate', 'a=1'],
      ['Baggage', 'k=v'],
      ['Via', '1.1 x'],
      ['X-Last', 'y'],
    ])
    const incoming = new Propagator(['w3c']).take(headers)
    expect(incoming).toMatchObject({ context: { traceId: TRACE, spanId: SPAN }, baggage: 'k=v' })
    expect(incoming?.context?.traceState?.serialize()).toBe('a=1')
    const left = [
      ['Accept', '*/*'],
      ['Connection', 'close'],
      ['Via', '1.1 x'],
      ['X-Last', 'y'],
    ]
    expect(headers.lines(0)).toBe(left.map(([name, value]) => `${name}: ${value}\r\n`).join(''))
    headers.append('Via', '1.1 z')
    expect(headers.size).toBe(5)
    expect(headers.lines(128)).toBe('Accept: */*\r\nConnection: close\r\nX-Last: y\r\n')
    expect([...headers].slice(0, 4)).toEqual(left)
  })

  it.each<[string, Propagation[], [string, string][], number]>([
    ['b3', ['b3'], [['b3', `${TRACE}-${SPAN}-1`]], 1],
    ['b3 with a parent', ['b3'], [['b3', `${TRACE}-${SPAN}-0-${SPAN}`]], 0],
    ['b3 that debugs', ['b3'], [['b3', `${TRACE}-${SPAN}-d`]], 1],
    ['b3 that leaves it open', ['b3'], [['b3', `${TRACE}-${SPAN}`]], 0],
    [
      'several fields',
      ['b3-multi'],
      [
        ['X-B3-TraceId', TRACE],
        ['X-B3-SpanId', SPAN],
        ['X-B3-Sampled', '1'],
      ],
      1,
    ],
    [
      'several fields that debug',
      ['b3-multi'],
      [
        ['X-B3-TraceId', TRACE],
        ['X-B3-SpanId', SPAN],
        ['X-B3-Flags', '1'],
      ],
      1,
    ],
    ['the second format where the first is not there', ['b3', 'w3c'], [[...W3C]], 1],
  ])('reads %s', (_name, propagations, fields, traceFlags) => {
    expect(taken(propagations, fields)?.context).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags,
      isRemote: true,
    })
  })

  it('makes a trace id of 64 bits one of 128', () => {
    expect(taken(['b3'], [['b3', `${SHORT}-${SPAN}-1`]])?.context?.traceId).toBe(`${'0'.repeat(16)}${SHORT}`)
  })

  it.each<[string, Propagation, [string, string][]]>([
    ['only a decision', 'b3', [['b3', '0']]],
    ['capitals', 'b3', [['b3', `${TRACE.toUpperCase()}-${SPAN}-1`]]],
    ['a zero id', 'b3', [['b3', `${'0'.repeat(32)}-${SPAN}-1`]]],
    ['a wrong decision', 'b3', [['b3', `${TRACE}-${SPAN}-2`]]],
    [
      'two lines',
      'b3',
      [
        ['b3', `${TRACE}-${SPAN}-1`],
        ['b3', `${TRACE}-${SPAN}-1`],
      ],
    ],
    ['no span', 'b3-multi', [['x-b3-traceid', TRACE]]],
    [
      'two trace ids',
      'b3-multi',
      [
        ['x-b3-traceid', TRACE],
        ['x-b3-traceid', TRACE],
        ['x-b3-spanid', SPAN],
      ],
    ],
    [
      'a long span',
      'b3-multi',
      [
        ['x-b3-traceid', TRACE],
        ['x-b3-spanid', TRACE],
      ],
    ],
  ])('reads nothing of b3 with %s', (_name, propagation, fields) => {
    expect(taken([propagation], fields)).toBeUndefined()
  })
})

describe('Propagator.write', () => {
  const context = { traceId: TRACE, spanId: SPAN, traceFlags: 1 }

  it('puts one of each in the place of what is there', () => {
    const headers = HeaderList.from([
      ['traceparent', 'a'],
      ['Accept', '*/*'],
      ['TRACEPARENT', 'b'],
      ['tracestate', 'c=1'],
      ['tracestate', 'd=1'],
    ])
    new Propagator(['w3c']).write(headers, context)
    expect([...headers]).toEqual([[...W3C], ['Accept', '*/*']])
    new Propagator(['w3c']).write(headers, { ...context, traceState: createTraceState('x=1') })
    expect(headers.getAll('tracestate')).toEqual(['x=1'])
  })

  it('writes each format of a list', () => {
    const headers = new HeaderList()
    new Propagator(['w3c', 'b3', 'b3-multi']).write(headers, context)
    expect([...headers]).toEqual([
      [...W3C],
      ['b3', `${TRACE}-${SPAN}-1`],
      ['x-b3-traceid', TRACE],
      ['x-b3-spanid', SPAN],
      ['x-b3-sampled', '1'],
    ])
  })

  it('leaves out what a sampler has made of the state, where that is none', () => {
    for (const serialize of [
      () => 'a\r\nb: c',
      () => '',
      () => {
        throw new Error('broken')
      },
    ]) {
      const headers = new HeaderList()
      const traceState = { ...createTraceState(), serialize } as ReturnType<typeof createTraceState>
      new Propagator(['w3c']).write(headers, { ...context, traceState })
      expect([...headers]).toEqual([[...W3C]])
    }
  })
})
