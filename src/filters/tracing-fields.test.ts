import { trace } from '@opentelemetry/api'
import { AlwaysOnSampler, BasicTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pool, proxy } from '../index.ts'
import { type FakeRequest, type Simulation, simulate } from '../testing/index.ts'
import { tracing } from './tracing.ts'

const T = '0af7651916cd43dd8448eb211c80319c'
const S = 'b7ad6b7169203331'
const GOOD = `00-${T}-${S}-01`
const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0[0-3]$/
const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',')

type Fields = readonly (readonly [name: string, value: string])[]
const parents = (...values: string[]): Fields => values.map((value) => ['traceparent', value] as const)
const states = (...values: string[]): Fields => values.map((value) => ['tracestate', value] as const)
const good = parents(GOOD)

/** Whether the trace goes on, and with which state. */
type Form = readonly [what: string, fields: Fields, goesOn: boolean, state?: string]

const FORMS: readonly Form[] = [
  ['nothing', [], false],
  ['a good one', good, true],
  ['a good one in capitals', [['TRACEPARENT', GOOD]], true],
  ['white space around it', parents(`\t ${GOOD} \t`), true],
  ['white space within', parents(`00-${T} -${S}-01`), false],
  ['two lines', parents(GOOD, GOOD), false],
  ['two lines that differ', parents(GOOD, `00-${'1'.repeat(32)}-${S}-01`), false],
  [
    'two lines in different case',
    [
      ['traceparent', GOOD],
      ['Traceparent', GOOD],
    ],
    false,
  ],
  ['ten lines', parents(...Array.from({ length: 10 }, () => GOOD)), false],
  ['a good line behind a bad one', parents('bad', GOOD), false],
  ['two in one line', parents(`${GOOD},${GOOD}`), false],
  ['an empty line', parents(''), false],
  ['an empty line beside it', parents('', GOOD), false],
  ['only its version', parents('00'), false],
  ['version ff', parents(`ff-${T}-${S}-01`), false],
  ['version FF', parents(`FF-${T}-${S}-01`), false],
  ['a version of one digit', parents(`0-${T}-${S}-01`), false],
  ['a version of letters', parents(`qq-${T}-${S}-01`), false],
  ['a version to come', parents(`01-${T}-${S}-01`), true],
  ['a version to come, with more', parents(`cc-${T}-${S}-01-what-will-be`), true],
  ['a version to come, with a dot', parents(`cc-${T}-${S}-01.what`), false],
  ['a version to come, too short', parents(`cc-${T}-${S}-0`), false],
  ['version 00 with more', parents(`${GOOD}-what`), false],
  ['version 00 with a dash', parents(`${GOOD}-`), false],
  ['capital ids', parents(`00-${T.toUpperCase()}-${S}-01`), false],
  ['a capital span', parents(`00-${T}-${S.toUpperCase()}-01`), false],
  ['a trace of zeros', parents(`00-${'0'.repeat(32)}-${S}-01`), false],
  ['a span of zeros', parents(`00-${T}-${'0'.repeat(16)}-01`), false],
  ['a short trace', parents(`00-${T.slice(1)}-${S}-01`), false],
  ['a long trace', parents(`00-${T}0-${S}-01`), false],
  ['a short span', parents(`00-${T}-${S.slice(1)}-01`), false],
  ['letters that are no digits', parents(`00-${T.replace('0', 'g')}-${S}-01`), false],
  ['no flags', parents(`00-${T}-${S}`), false],
  ['flags of one digit', parents(`00-${T}-${S}-1`), false],
  ['flags of three digits', parents(`00-${T}-${S}-011`), false],
  ['flags of letters', parents(`00-${T}-${S}-xx`), false],
  ['unknown flags', parents(`00-${T}-${S}-ff`), true],
  ['other dashes', parents(`00_${T}_${S}_01`), false],
  ['no dashes', parents(`00${T}${S}01`), false],
  ['quotes', parents(`"${GOOD}"`), false],
  ['bytes beyond ASCII', parents(`00-${T}-${S}-0\u00e9`), false],
  ['8 KB of zeros', parents('0'.repeat(8_192)), false],
  ['8 KB behind a version to come', parents(`cc-${T}-${S}-01-${'x'.repeat(8_000)}`), true],
  ['a state without a parent', states('a=1'), false],
  ['a state with a bad parent', [...parents('bad'), ...states('a=1')], false],
  ['a state', [...good, ...states('a=1,b=2')], true, 'a=1,b=2'],
  ['a state on three lines', [...good, ...states('a=1', '', 'b=2')], true, 'a=1,b=2'],
  ['an empty state', [...good, ...states('')], true],
  ['a state with white space', [...good, ...states(' a=1 ,\t b=2 ')], true, 'a=1,b=2'],
  ['a state of 32 members', [...good, ...states(members(32))], true, members(32)],
  ['a state of 33 members', [...good, ...states(members(33))], true],
  ['a state of 33 members on 33 lines', [...good, ...states(...members(33).split(','))], true],
  ['a state with a key twice', [...good, ...states('a=1,a=2')], true],
  ['a state with a bad key', [...good, ...states('A=1')], true],
  ['a state without a value', [...good, ...states('a')], true],
  [
    'a state of 600 bytes',
    [...good, ...states(`a=1,b=${'x'.repeat(250)},c=${'x'.repeat(250)},d=${'x'.repeat(90)}`)],
    true,
    `a=1,b=${'x'.repeat(250)},d=${'x'.repeat(90)}`,
  ],
  ['a state of one long member', [...good, ...states(`a=${'x'.repeat(300)}`)], true],
]

const lines = (request: FakeRequest, name: string): string[] =>
  request.headers.filter(([it]) => it.toLowerCase() === name).map(([, value]) => value)

const app = (http2: boolean) =>
  proxy()
    .listen({ port: 80, http2: true })
    .use(tracing({ accept: 'anyone' }))
    .route('/', pool(['http://u1'], { http2 }))

async function send(sim: Simulation, fields: Fields, http2: boolean): Promise<FakeRequest> {
  if (http2) {
    const given = fields.map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    const response = await sim.client('192.0.2.9', { http2: true }).get('/', { headers: given })
    expect(response.status).toBe(200)
  } else {
    const client = await sim.connect()
    const head = fields.map(([name, value]) => `${name}:${value}\r\n`).join('')
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\n${head}Accept: */*\r\n\r\n`)
    expect((await client.response()).status).toBe(200)
    await client.close()
  }
  const { requests } = sim.upstream('http://u1')
  expect(requests).toHaveLength(1)
  return requests[0]!
}

describe.each([
  ['HTTP/1.1', false],
  ['HTTP/2', true],
])('tracing, over %s,', (_, http2) => {
  describe('with an SDK, sends one traceparent and at most one tracestate', () => {
    beforeEach(() => {
      trace.setGlobalTracerProvider(
        new BasicTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) }),
      )
    })
    afterEach(() => trace.disable())

    it.for(FORMS)('where a client has sent %s', async ([, fields, goesOn, state]) => {
      await using sim = simulate(app(http2))
      const request = await send(sim, fields, http2)
      const sent = lines(request, 'traceparent')
      expect(sent).toHaveLength(1)
      const [, traceId, spanId] = PARENT.exec(sent[0]!)!
      expect([traceId === T, spanId === S]).toEqual([goesOn, false])
      expect(lines(request, 'tracestate')).toEqual(state === undefined ? [] : [state])
      expect(request.header('accept')).toBe(http2 ? undefined : '*/*')
      await sim.assertNoLeaks()
    })
  })

  describe('without an SDK, sends on what is valid, once', () => {
    it.for(FORMS)('where a client has sent %s', async ([, fields, goesOn, state]) => {
      await using sim = simulate(app(http2))
      const request = await send(sim, fields, http2)
      const sent = lines(request, 'traceparent')
      expect(sent.map((it) => it.slice(0, 53))).toEqual(goesOn ? [`00-${T}-${S}-`.slice(0, 53)] : [])
      expect(sent.every((it) => PARENT.test(it))).toBe(true)
      expect(lines(request, 'tracestate')).toEqual(state === undefined ? [] : [state])
      await sim.assertNoLeaks()
    })
  })
})

describe('tracing', () => {
  it('speaks B3 where it is told to, and lets no other format through', async () => {
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing({ accept: 'anyone', propagation: ['b3-multi', 'b3'] }))
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/', {
      headers: [
        ['traceparent', GOOD],
        ['X_B3_TraceId', '1'.repeat(32)],
        ['X-B3-TraceId', T],
        ['X-B3-SpanId', S],
        ['X-B3-Sampled', '1'],
        ['X-B3-ParentSpanId', S],
      ],
    })
    const [request] = sim.upstream('http://u1').requests
    const names = request!.headers.map(([name]) => name.toLowerCase())
    expect(names.filter((name) => /b3|trace/.test(name)).toSorted()).toEqual([
      'b3',
      'x-b3-sampled',
      'x-b3-spanid',
      'x-b3-traceid',
    ])
    expect([request!.header('b3'), request!.header('x-b3-traceid')]).toEqual([`${T}-${S}-1`, T])
  })
})
