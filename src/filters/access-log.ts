import { type Attribute, attribute } from '../core/attribute.ts'
import { systemClock } from '../core/clock.ts'
import { withCompanion } from '../core/companion.ts'
import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { AccessLogCompanion } from './access-logging/access-log-companion.ts'
import { EntryMaker, type Noted } from './access-logging/entry-maker.ts'
import { type AccessLogFormat, entryFormat } from './access-logging/log-format.ts'
import { type AlwaysLogged, type LogSample, LogSampling } from './access-logging/log-sampling.ts'
import { type AccessLogTarget, logOutput } from './access-logging/log-target.ts'
import { type AccessLogField, LoggedFields } from './access-logging/logged-fields.ts'
import { LoggedHeaders } from './access-logging/logged-headers.ts'
import { type QueryLogging, QueryPrivacy, Redaction } from './access-logging/query-privacy.ts'
import { RareWarning } from './access-logging/rare-warning.ts'

export interface AccessLogOptions {
  /** What a line looks like: `'json'`, `'common'`, `'combined'`, or a function of the entry that makes a text or an object. Default `'json'`. */
  format?: AccessLogFormat
  /**
   * Where it goes: a stream; a logger with `info`, such as one of pino; a function, which gets one or more whole lines as one
   * text; or `{ file: path }`, which is appended to. Default `process.stdout`.
   */
  to?: AccessLogTarget
  /** Bytes of lines that may wait for the sink. Past that, new lines are dropped. Default 8 MiB. */
  maxQueueBytes?: Size
  /** How long the end of the proxy waits for the sink to take what is left. Default 1 s. */
  flushMs?: Duration
  /** Which exchanges are left out: only `true` is yes. Asked when the request comes. */
  skip?: (exchange: Exchange) => boolean
  /** The part of the exchanges that is logged, from 0 to 1, drawn by `exchange.random`; or which entries are. Default 1: all. */
  sample?: LogSample
  /** What is logged whatever `sample` says: what failed, and by default statuses from 500 on and what took longer than 1 s. */
  always?: AlwaysLogged
  /** What is logged of queries: `omit`, nothing; `mask`, the names of parameters; `keep`, all but redacted values. Default `omit`. */
  query?: QueryLogging
  /**
   * Names of fields and of parameters whose values are never logged, beside those that sound like a secret: `authorization`,
   * `cookie`, `token`, `password`, `api-key` and the like, also as a part of a name.
   */
  redact?: readonly string[]
  /** Whether the client's `User-Agent` is logged. Default false; with `combined`, true. */
  userAgent?: boolean
  /** Whether the client's `Referer` is logged, its query as `query` says. Default false; with `combined`, true. */
  referer?: boolean
  /** Fields of the request that are logged, as they are when it is over. Default none. */
  requestHeaders?: readonly string[]
  /** Fields of the response that are logged, as they pass this filter. Error answers of the proxy pass none. Default none. */
  responseHeaders?: readonly string[]
  /** What else is logged, by name: an attribute, or a function of the exchange, called when it is over. Texts, numbers and booleans count. */
  fields?: Readonly<Record<string, AccessLogField>>
}

/** A filter that can be asked for its numbers. The end of the proxy closes its file; so does `Symbol.dispose`. */
export interface AccessLog extends Filter, Disposable {
  /** Lines that the sink has taken, so far. */
  readonly written: number
  /** Lines that were lost: the queue was full, or the sink or the format has failed. */
  readonly dropped: number
  /** Bytes of lines that wait for the sink. */
  readonly queuedBytes: number
  /** Resolves when the sink has taken what was logged so far, or after `flushMs`. A running proxy does that at its end. */
  flush(): Promise<void>
  /** Closes the file, and opens it anew for the next lines: for `logrotate`, on SIGHUP say. */
  reopen(): void
}

const OWNER = 'accessLog'

const OPTIONS: readonly string[] = [
  'format',
  'to',
  'maxQueueBytes',
  'flushMs',
  'skip',
  'sample',
  'always',
  'query',
  'redact',
  'userAgent',
  'referer',
  'requestHeaders',
  'responseHeaders',
  'fields',
] satisfies (keyof AccessLogOptions)[]

/**
 * Writes a line for every exchange when it is over: what was asked, what was answered and why, who ended it, and where the time went.
 *
 * A line has the status that was sent, the error's code as `reason` ([the table](../errors.md)), the endpoint and all attempts,
 * the time of each phase, bytes, the ids of request and trace. It is made from the record of decisions, so that log, traces and
 * metrics say the same. Requests that could not be read have a line with the result `refused`.
 *
 * The log never holds up an exchange. Lines of one millisecond go to the sink together; it gets the next ones when it has taken
 * those. One that is slow, stuck or broken costs lines, never memory past `maxQueueBytes`: what is lost is counted (`dropped`),
 * warned of at most once a minute, and with `'json'` told in a line of its own, `{"ts":"...","dropped":123}`, when lines get
 * through again. After a failure of the sink, the next try is a second later. A logger with `info` gets each entry at once, and
 * queues itself.
 *
 * Whatever clients send, a line stays one line: `'json'` is ASCII alone, the formats of Apache escape as Apache does. What
 * fields hold is cut at 1024 characters.
 *
 * Traps: it belongs in `proxy().use(...)`, before all others, so that it sees what they refuse. Secrets in paths are logged.
 * `process.stdout` is written synchronously where it is a file or a terminal. A process that ends by `process.exit` without
 * closing the proxy loses what waits.
 *
 * @example
 * proxy().use(accessLog({ skip: ({ request }) => request.path === '/healthz', fields: { user: basicAuthUser } }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function accessLog(options: AccessLogOptions = {}): AccessLog {
  knownOptions(OWNER, options, OPTIONS)
  const { format = 'json', to = process.stdout, skip, sample = 1, always = {}, query = 'omit' } = options
  const { redact = [], requestHeaders = [], responseHeaders = [], fields = {} } = options
  const { userAgent = format === 'combined', referer = format === 'combined' } = options
  const maxQueueBytes = sizeBytes(OWNER, 'maxQueueBytes', options.maxQueueBytes ?? 8_388_608, { min: 65_536 })
  const flushMs = durationMs(OWNER, 'flushMs', options.flushMs ?? 1_000)
  if (skip !== undefined && typeof skip !== 'function')
    throw invalidOption(OWNER, 'skip', 'a function of the exchange that gives true or false', skip)
  for (const [name, value] of Object.entries({ userAgent, referer }))
    if (typeof value !== 'boolean') throw invalidOption(OWNER, name, 'true or false', value)

  const thrown = new RareWarning('a function that accessLog was given has failed')
  const failed = (error: unknown, { clock }: Exchange): void => thrown.warn(clock, error)
  const redaction = new Redaction(OWNER, redact)
  const privacy = new QueryPrivacy(OWNER, query, redaction)
  const fieldsOfResponses = new LoggedHeaders(OWNER, 'responseHeaders', responseHeaders, redaction, privacy)
  const entries = new EntryMaker({
    privacy,
    userAgent,
    referer,
    requestHeaders: new LoggedHeaders(OWNER, 'requestHeaders', requestHeaders, redaction, privacy),
    fields: new LoggedFields(OWNER, fields),
    failed,
  })
  const sampling = new LogSampling(OWNER, sample, always, failed)
  const output = logOutput(OWNER, to, entryFormat(OWNER, format), maxQueueBytes)
  /** Attempts of a pool pass by one after the other. */
  const seen: Attribute<boolean> = attribute<boolean>('accessLog.seen')

  const skips = (exchange: Exchange): boolean => {
    if (exchange.replaceable) {
      if (exchange.get(seen) === true) return true
      exchange.set(seen, true)
    }
    if (skip === undefined) return false
    try {
      return skip(exchange) === true
    } catch (error) {
      failed(error, exchange)
      return false
    }
  }

  const filter: Filter = (exchange, next) => {
    if (skips(exchange)) return next(exchange)
    const noted: Noted = {
      record: exchange.recordWithoutCandidates(),
      query: exchange.request.query,
      responseHeaders: undefined,
    }
    exchange.onComplete((outcome) => {
      const logged = sampling.ofOutcome(exchange, outcome)
      if (logged === false) return
      const entry = entries.ofExchange(exchange, noted, outcome)
      if (logged === true || sampling.ofEntry(entry, exchange)) output.add(entry, exchange.clock)
    })
    if (!fieldsOfResponses.wanted) return next(exchange)
    const note = (response: ResponseMessage): ResponseMessage => {
      noted.responseHeaders = fieldsOfResponses.of(response.headers)
      return response
    }
    const response = next(exchange)
    return response instanceof ResponseMessage ? note(response) : response.then(note)
  }

  const state = () => ({
    kind: 'access-log' as const,
    written: output.counts.written,
    dropped: output.counts.dropped,
    queuedBytes: output.queuedBytes,
  })
  const accompanied = withCompanion(
    withState(named(filter, OWNER), state),
    new AccessLogCompanion(output, entries, flushMs),
  )
  return Object.defineProperties(accompanied, {
    written: { get: () => output.counts.written },
    dropped: { get: () => output.counts.dropped },
    queuedBytes: { get: () => output.queuedBytes },
    flush: { value: () => output.flush(systemClock, flushMs) },
    reopen: { value: () => output.reopen() },
    [Symbol.dispose]: { value: () => output.release() },
  }) as AccessLog
}
