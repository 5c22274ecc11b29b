import fc from 'fast-check'
import type { Distribution } from '../upstream/distribution.ts'
import { type Fault, fault } from '../upstream/fault.ts'
import { malformedResponses } from './malformed-responses.ts'

/** Kinds of faults, the simplest first: those that leave nothing to explain. */
export const FAULT_KINDS: readonly Fault['kind'][] = [
  'refuse',
  'reset-before-head',
  'reset-after-head',
  'reset-after-bytes',
  'half-close',
  'truncate',
  'accept-and-stall',
  'no-answer',
  'latency',
  'drip',
  'bad-chunk',
  'wrong-content-length',
  'extra-response',
  'early-response',
  'informational',
  'trailers',
  'malformed',
  'reset-stream',
  'goaway',
  'window-stall',
]

/** Faults of these kinds. What they wait is no longer than `lastsMs`. Shrinks to the first that is simple. */
export function faultOf(kinds: readonly Fault['kind'][], lastsMs: number): fc.Arbitrary<Fault> {
  const simplestFirst = FAULT_KINDS.filter((kind) => kinds.includes(kind))
  return fc.oneof({ withCrossShrink: true }, ...simplestFirst.map((kind) => ofKind(kind, lastsMs)))
}

function ofKind(kind: Fault['kind'], lastsMs: number): fc.Arbitrary<Fault> {
  switch (kind) {
    case 'reset-after-bytes':
      return fc.nat(300).map((bytes) => fault.resetAfterBytes(bytes))
    case 'truncate':
      return fc.nat(100).map((bytes) => fault.truncate(bytes))
    case 'latency':
      return latency(lastsMs).map((distribution) => fault.latency(distribution))
    case 'drip':
      return fc
        .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: Math.ceil(lastsMs / 100) }))
        .map(([bytes, ms]) => fault.drip(bytes, `${ms}ms`))
    case 'wrong-content-length':
      return fc.constantFrom(1, 2, 1000, -1, -2).map((by) => fault.wrongContentLength(by))
    case 'informational':
      return fc
        .tuple(
          fc.constantFrom(103, 100, 102),
          fc.constantFrom<Readonly<Record<string, string>>>({}, { Link: '</a.css>; rel=preload' }),
          fc.integer({ min: 1, max: 3 }),
        )
        .map(([status, headers, times]) => fault.informational(status, headers, times))
    case 'trailers':
      return fc
        .constantFrom<Readonly<Record<string, string>>>(
          { 'X-Sum': '1' },
          { 'X-Sum': '1', 'Server-Timing': 'a' },
        )
        .map((fields) => fault.trailers(fields))
    case 'malformed':
      return malformedResponses({ maxHeaders: 2, maxBodyBytes: 32 }).map(({ bytes }) =>
        fault.malformed(bytes.toString('latin1')),
      )
    case 'reset-stream':
      return fc
        .tuple(
          fc.constantFrom('REFUSED_STREAM', 'INTERNAL_ERROR', 'CANCEL', 'NO_ERROR', 'HTTP_1_1_REQUIRED'),
          fc.oneof(fc.constantFrom(undefined, 'head'), fc.nat(100)),
        )
        .map(([code, after]) => fault.resetStream(code, after))
    case 'goaway':
      return fc
        .record(
          {
            last: fc.constantFrom('previous', 'this', 'all'),
            code: fc.constantFrom('NO_ERROR', 'INTERNAL_ERROR', 'ENHANCE_YOUR_CALM'),
            closes: fc.constantFrom('drained', 'at-once'),
          },
          { requiredKeys: [] },
        )
        .map((options) => fault.goaway(options))
    default:
      return fc.constant(PLAIN[kind])
  }
}

type PlainKind = Exclude<
  Fault['kind'],
  | 'reset-after-bytes'
  | 'truncate'
  | 'latency'
  | 'drip'
  | 'wrong-content-length'
  | 'informational'
  | 'trailers'
  | 'malformed'
  | 'reset-stream'
  | 'goaway'
>

const PLAIN: Readonly<Record<PlainKind, Fault>> = {
  refuse: fault.refuse(),
  'accept-and-stall': fault.acceptAndStall(),
  'no-answer': fault.noAnswer(),
  'reset-before-head': fault.resetBeforeHead(),
  'reset-after-head': fault.resetAfterHead(),
  'half-close': fault.halfClose(),
  'bad-chunk': fault.badChunk(),
  'extra-response': fault.extraResponse(),
  'early-response': fault.earlyResponse(),
  'window-stall': fault.windowStall(),
}

function latency(lastsMs: number): fc.Arbitrary<Distribution> {
  const ms = fc.integer({ min: 1, max: lastsMs })
  return fc.oneof(
    { withCrossShrink: true },
    ms.map((ms): Distribution => ({ kind: 'constant', ms })),
    fc.tuple(ms, ms).map(([a, b]): Distribution => {
      return { kind: 'uniform', minMs: Math.min(a, b), maxMs: Math.max(a, b) }
    }),
    ms.map((meanMs): Distribution => ({ kind: 'exponential', meanMs })),
    fc.tuple(ms, ms).map(([meanMs, deviationMs]): Distribution => ({ kind: 'normal', meanMs, deviationMs })),
    fc
      .tuple(ms, fc.constantFrom(0.5, 1))
      .map(([medianMs, sigma]): Distribution => ({ kind: 'log-normal', medianMs, sigma })),
    fc
      .tuple(ms, fc.constantFrom(2, 1.1))
      .map(([minMs, shape]): Distribution => ({ kind: 'pareto', minMs, shape, maxMs: lastsMs })),
  )
}
