import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'

/** How long all attempts of an exchange may take together. */
export interface DeadlineOptions {
  /** Milliseconds, or `'2s'`: from the moment when the request comes to the pool to the head of its response. */
  ms: Duration
  /**
   * A field that tells endpoints how much of it is left when their attempt begins, in whole milliseconds; `grpc-timeout`
   * in the form of gRPC. It replaces what the client sent. Default none.
   */
  header?: string
}

/** The options, checked. */
export interface DeadlineSettings {
  readonly ms: number
  readonly header: string | undefined
}

const OWNER = 'pool.deadline'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Checks the options and fills in the defaults. */
export function deadlineSettings(options: DeadlineOptions): DeadlineSettings {
  knownOptions(OWNER, options, ['ms', 'header'] satisfies (keyof DeadlineOptions)[])
  const { ms, header } = options
  if (header !== undefined && (typeof header !== 'string' || !TOKEN.test(header)))
    throw invalidOption(OWNER, 'header', 'the name of a field', header)
  return { ms: durationMs(OWNER, 'ms', ms, { min: 1 }), header }
}
