import type { TracerProvider } from '@opentelemetry/api'
import type { Exchange } from '../../core/exchange.ts'
import { isFieldName } from '../../core/headers.ts'
import { invalidOption, knownOptions } from '../../core/options.ts'
import { PROPAGATIONS, type Propagation, Propagator } from '../propagation/propagator.ts'
import { BELIEVED, type Believed } from './believed.ts'
import { SdkFaults } from './sdk-faults.ts'
import type { SpanSettings } from './span-settings.ts'

export interface TracingOptions {
  /** Who makes spans. Default: whoever is registered with `@opentelemetry/api`, also later than this filter is made. */
  tracerProvider?: TracerProvider
  /**
   * Whose traces are continued: `trusted`, those of peers that are among the listener's `trustedProxies`; `anyone`, where every
   * client may choose what is sampled; `nobody`. In place of another's, a new trace begins, with a link to it. Default `trusted`.
   */
  accept?: Believed
  /**
   * The fields that traces are read from and written to: `w3c` (`traceparent`, `tracestate`), `b3` in one field, `b3-multi`
   * (`X-B3-TraceId` and so on). Of several, the first that is there is read, and all are written. Default `w3c`.
   */
  propagation?: Propagation | readonly Propagation[]
  /** Whose `baggage` is passed on; that of others is removed. Default as `accept`. */
  baggage?: Believed
  /** Fields of requests that are recorded; those known to hold credentials cannot be, such as `Cookie`. Default none. */
  requestHeaders?: readonly string[]
  /** Fields of responses that are recorded; the same cannot be. Default none. */
  responseHeaders?: readonly string[]
  /**
   * Names of a query whose values are recorded; the other values are `REDACTED`. An empty list shows names alone. Default: no
   * query is recorded, since queries hold secrets.
   */
  query?: readonly string[]
  /** Methods that may stand in names of spans; any other one is `HTTP`. Default those of RFC 9110, and `PATCH`. */
  knownMethods?: readonly string[]
  /** Which requests have no spans: only `true` is yes. Their traces are passed on. Default none. */
  ignore?: (exchange: Exchange) => boolean
}

const OWNER = 'tracing'

const OPTIONS: readonly string[] = [
  'tracerProvider',
  'accept',
  'propagation',
  'baggage',
  'requestHeaders',
  'responseHeaders',
  'query',
  'knownMethods',
  'ignore',
] satisfies (keyof TracingOptions)[]

const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']

/** They let whoever reads traces act as the client. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
])

export interface TracingSettings extends SpanSettings {
  readonly tracerProvider: TracerProvider | undefined
  readonly accept: Believed
  readonly baggage: Believed
  readonly ignore: ((exchange: Exchange) => boolean) | undefined
}

/** @throws `ERR_OPTION_INVALID` for an option that is wrong. */
export function tracingSettings(options: TracingOptions): TracingSettings {
  knownOptions(OWNER, options, OPTIONS)
  const { tracerProvider, accept = 'trusted', ignore, query } = options
  const { propagation = 'w3c', baggage = accept, requestHeaders = [], responseHeaders = [] } = options
  if (tracerProvider !== undefined && typeof tracerProvider?.getTracer !== 'function')
    throw invalidOption(OWNER, 'tracerProvider', 'a tracer provider of OpenTelemetry', tracerProvider)
  if (ignore !== undefined && typeof ignore !== 'function')
    throw invalidOption(OWNER, 'ignore', 'a function of the exchange', ignore)
  const methods = texts('knownMethods', options.knownMethods ?? METHODS, isFieldName, 'methods')
  return {
    tracerProvider,
    ignore,
    accept: believed('accept', accept),
    baggage: believed('baggage', baggage),
    propagator: new Propagator(propagations(propagation)),
    faults: new SdkFaults(),
    methods: new Set(methods),
    query: query === undefined ? undefined : new Set(texts('query', query, isText, 'names')),
    requestHeaders: fieldNames('requestHeaders', requestHeaders),
    responseHeaders: fieldNames('responseHeaders', responseHeaders),
  }
}

function believed(option: string, whom: Believed): Believed {
  if (BELIEVED.includes(whom)) return whom
  throw invalidOption(OWNER, option, '"trusted", "anyone" or "nobody"', whom)
}

function propagations(given: Propagation | readonly Propagation[]): readonly Propagation[] {
  const list = Array.isArray(given) ? (given as readonly Propagation[]) : [given as Propagation]
  if (list.length > 0 && list.every((it) => PROPAGATIONS.includes(it)) && new Set(list).size === list.length)
    return list
  throw invalidOption(OWNER, 'propagation', '"w3c", "b3", "b3-multi", or a list of these, each once', given)
}

function fieldNames(option: string, names: readonly string[]): readonly string[] {
  const lower = texts(option, names, isFieldName, 'names of fields').map((name) => name.toLowerCase())
  const secret = lower.find((name) => CREDENTIALS.has(name))
  if (secret === undefined) return lower
  throw invalidOption(OWNER, option, 'names of fields that hold no credentials', secret)
}

function texts(
  option: string,
  list: readonly string[],
  isOne: (text: unknown) => text is string,
  what: string,
): readonly string[] {
  if (!Array.isArray(list)) throw invalidOption(OWNER, option, `a list of ${what}`, list)
  const wrong = list.findIndex((it) => !isOne(it))
  if (wrong >= 0) throw invalidOption(OWNER, option, `a list of ${what}`, list[wrong])
  return [...list]
}

function isText(text: unknown): text is string {
  return typeof text === 'string'
}
