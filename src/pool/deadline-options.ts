import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'

/** How long all attempts of an exchange may take together. */
export interface DeadlineOptions {
  /**
   * Milliseconds, or `'2s'`: from the moment when the request comes to the pool to the head of its response. May be left out
   * with `grpc`; then only a call's own `grpc-timeout` counts.
   */
  ms?: Duration
  /**
   * A field that tells endpoints how much of it is left when their attempt begins, in whole milliseconds; `grpc-timeout`
   * in the form of gRPC. It replaces what the client sent. Default none.
   */
  header?: string
  /**
   * Takes the `grpc-timeout` of a gRPC call for its deadline, up to `ms` at most, and tells endpoints in the same field what is
   * left. Such a deadline is that of the whole call, to the last byte of its response, also where it is `ms`. A field that is
   * none is answered with `request_malformed`. Default false.
   */
  grpc?: boolean
}

/** The options, checked. */
export interface DeadlineSettings {
  /** `Infinity` where only calls of gRPC have one. */
  readonly ms: number
  readonly header: string | undefined
  readonly grpc: boolean
}

const OWNER = 'pool.deadline'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Checks the options and fills in the defaults. */
export function deadlineSettings(options: DeadlineOptions): DeadlineSettings {
  knownOptions(OWNER, options, ['ms', 'header', 'grpc'] satisfies (keyof DeadlineOptions)[])
  const { ms, header, grpc = false } = options
  if (typeof grpc !== 'boolean') throw invalidOption(OWNER, 'grpc', 'true or false', grpc)
  if (header !== undefined && (typeof header !== 'string' || !TOKEN.test(header)))
    throw invalidOption(OWNER, 'header', 'the name of a field', header)
  const limitMs =
    ms === undefined && grpc ? Number.POSITIVE_INFINITY : durationMs(OWNER, 'ms', ms!, { min: 1 })
  return { ms: limitMs, header, grpc }
}
