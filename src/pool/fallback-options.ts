import { invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { isCompilable, type Target } from '../transport/runtime.ts'
import { type RepeatableRule, repeatableRule } from './repeatable.ts'
import { type StatusRange, type StatusRanges, statusRanges } from './status-range.ts'

/** When a pool's fallback answers in its place. */
export interface FallbackOptions {
  /**
   * Statuses of responses that are dropped for the fallback's answer: `503`, `'5xx'`, `'502-504'`. Default none: a response
   * is the service's word. Failures are answered by the fallback in any case.
   */
  on?: StatusRange | readonly StatusRange[]
  /**
   * Methods of requests that may be sent to a fallback pool although an endpoint of the first one may have seen them. Default
   * those of RFC 9110 section 9.2.2 and QUERY. A request of which nothing was sent goes there whatever its method.
   */
  methods?: readonly string[]
  /** Takes a request with an `Idempotency-Key` for one that may be sent twice, whatever its method. Default false. */
  idempotencyKey?: boolean
  /**
   * Up to so much of a request's body is kept while it is sent, for the fallback to read it again. Default 64 KiB for a pool, as
   * far as the request may be sent twice; 0 for a handler, which may ask for it whatever the method.
   */
  replayBytes?: Size
}

/** The options, checked. */
export interface FallbackSettings extends RepeatableRule {
  readonly target: Target
  readonly statuses: StatusRanges
  readonly replayBytes: number
}

const OWNER = 'pool.fallback'

const OPTIONS: readonly string[] = [
  'on',
  'methods',
  'idempotencyKey',
  'replayBytes',
] satisfies (keyof FallbackOptions)[]

/** Checks what `pool.fallback` was given. */
export function fallbackSettings(target: Target, options: FallbackOptions): FallbackSettings {
  if (!isCompilable(target) && typeof target !== 'function')
    throw invalidOption(OWNER, 'target', 'a pool, or a function (exchange) => response', target)
  if (typeof target === 'function' && target.length > 1)
    throw invalidOption(
      OWNER,
      'target',
      'a pool or a handler (this one takes `next`, as a filter does)',
      target,
    )
  knownOptions(OWNER, options, OPTIONS)
  const { on, replayBytes = isCompilable(target) ? 65_536 : 0 } = options
  return {
    ...repeatableRule(OWNER, options),
    target,
    statuses: on === undefined ? [] : statusRanges(OWNER, 'on', on),
    replayBytes: sizeBytes(OWNER, 'replayBytes', replayBytes),
  }
}
