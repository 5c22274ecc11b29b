import { expect, test } from 'vitest'
import type { OptionError } from '../../core/options.ts'
import { checkFault, type Fault, fault } from './fault.ts'

const ALL: readonly Fault[] = [
  fault.refuse(),
  fault.acceptAndStall(),
  fault.noAnswer(),
  fault.resetBeforeHead(),
  fault.resetAfterHead(),
  fault.resetAfterBytes(0),
  fault.halfClose(),
  fault.truncate(3),
  fault.drip(1, '10ms'),
  fault.malformed('x'),
  fault.malformed(Uint8Array.of(1)),
  fault.wrongContentLength(-1),
  fault.badChunk(),
  fault.extraResponse(),
  fault.earlyResponse(),
  fault.informational(103),
  fault.trailers({ 'X-Sum': '1' }),
  fault.latency({ kind: 'constant', ms: 5 }),
  fault.resetStream(),
  fault.resetStream('CANCEL', 3),
  fault.goaway(),
  fault.goaway({ last: 'previous', code: 'ENHANCE_YOUR_CALM', closes: 'at-once' }),
  fault.windowStall(),
]

test('fault makes plain data, which a check lets through', () => {
  for (const it of ALL) {
    checkFault('test', it)
    if (it.kind !== 'malformed') expect(JSON.parse(JSON.stringify(it))).toEqual(it)
  }
  expect(new Set(ALL.map(({ kind }) => kind)).size).toBe(Object.keys(fault).length)
  expect(fault.informational(103)).toEqual({ kind: 'informational', status: 103, headers: {}, times: 1 })
})

test.each<readonly [string, () => unknown, string]>([
  [
    'resetAfterBytes',
    () => fault.resetAfterBytes(-1),
    'fault.resetAfterBytes: "bytes" must be a whole number',
  ],
  ['truncate', () => fault.truncate(0.5), 'fault.truncate: "bytes" must be a whole number'],
  ['drip of nothing', () => fault.drip(0, 1), 'fault.drip: "bytes" must be a whole number of at least 1'],
  ['drip of no time', () => fault.drip(1, 'x' as '1s'), 'fault.drip: "every" must be a duration'],
  ['malformed', () => fault.malformed(1 as never), 'fault.malformed: "bytes" must be a string or bytes'],
  [
    'wrongContentLength',
    () => fault.wrongContentLength(0),
    'fault.wrongContentLength: "by" must be more or less than 0',
  ],
  [
    'wrongContentLength',
    () => fault.wrongContentLength(Number.NaN),
    'fault.wrongContentLength: "by" must be a whole',
  ],
  ['informational', () => fault.informational(200), '"status" must be a whole number from 100 to 199'],
  ['informational', () => fault.informational(103, {}, 0), '"times" must be a whole number of at least 1'],
  ['informational', () => fault.informational(103, { Link: 1 } as never), '"headers.Link" must be a string'],
  ['trailers', () => fault.trailers('x' as never), 'fault.trailers: "fields" must be an object'],
  ['trailers', () => fault.trailers([] as never), 'fault.trailers: "fields" must be an object'],
  ['latency', () => fault.latency({ kind: 'constant', ms: -1 }), 'fault.latency: "latency.ms" must be'],
  ['resetStream', () => fault.resetStream('OOPS' as 'CANCEL'), '"code" must be one of NO_ERROR, '],
  ['resetStream', () => fault.resetStream('CANCEL', -1), '"after" must be a whole number'],
  ['goaway', () => fault.goaway({ last: 'none' as 'all' }), '"last" must be one of this, previous, all'],
  ['goaway', () => fault.goaway({ code: 1 as never }), 'fault.goaway: "code" must be one of'],
  ['goaway', () => fault.goaway({ closes: 'now' as 'at-once' }), '"closes" must be one of drained, at-once'],
  ['goaway', () => fault.goaway({ lastStream: 1 } as never), 'fault.goaway: "lastStream"'],
  [
    'data of no kind',
    () => checkFault('test', {} as never),
    'test: "fault" must be a fault such as fault.refuse()',
  ],
  ['nothing', () => checkFault('test', undefined as never), 'test: "fault" must be a fault'],
  [
    'a name of Object',
    () => checkFault('test', { kind: 'toString' } as never),
    'test: "fault" must be a fault',
  ],
  [
    'a field too many',
    () => checkFault('test', { kind: 'refuse', bytes: 1 } as never),
    'test: "bytes" must be one of',
  ],
])('fault refuses what makes no sense: %s', (_, call, message) => {
  let thrown: unknown
  try {
    call()
  } catch (error) {
    thrown = error
  }
  expect((thrown as OptionError).code).toBe('ERR_OPTION_INVALID')
  expect((thrown as OptionError).message).toContain(message)
})
