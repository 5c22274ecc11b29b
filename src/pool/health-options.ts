import { FieldKind } from '../core/field-name.ts'
import { HeaderList, type HeadersInit } from '../core/headers.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../core/options.ts'
import { REQUEST_DROPPED } from '../transport/http1/head-writer.ts'
import { HOST_FIELD } from './endpoint-spec.ts'
import type { Thresholds } from './health.ts'
import { type StatusRange, type StatusRanges, statusRanges } from './status-range.ts'

/** How the endpoints of a pool are probed. Times are milliseconds or `'250ms'`, `'5s'`, `'1m'`. */
export interface HealthOptions {
  /** What is asked for: a path, with a query where one is needed. */
  path: string
  /** Default `GET`. */
  method?: 'GET' | 'HEAD' | 'OPTIONS' | (string & {})
  /** From the begin of one probe to that of the next. Default 5 s. */
  intervalMs?: Duration
  /** From the begin of a probe to its verdict, connecting included. Default 2 s; past it the probe has failed. */
  timeoutMs?: Duration
  /** Probes in a row that an unhealthy endpoint must pass to be healthy. Default 2. */
  rise?: number
  /** Probes in a row that a healthy endpoint must fail to be unhealthy. Default 3. */
  fall?: number
  /**
   * The share of the interval, from 0 to 1, by which each wait is lengthened at most, by chance, so that many proxies do not
   * probe in step. The first probe waits for such a time alone. Default 0.1.
   */
  jitter?: number
  /** What passes: a status, `'2xx'`, `'200-399'`, or a list of these. Default `'200-399'`. */
  status?: StatusRange | readonly StatusRange[]
  /** Text that must stand in the body, or a pattern that must match it. The first 64 KiB, as UTF-8, are looked at. */
  body?: string | RegExp
  /** The `Host` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed. */
  host?: string
  /** The port that is probed. Default that of the endpoint. */
  port?: number
  /** Fields to send besides `Host`. Default `User-Agent: gatewright-probe`, which another `User-Agent` replaces. */
  headers?: HeadersInit
  /**
   * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must
   * pass that probe first.
   */
  initial?: 'healthy' | 'unhealthy'
}

const OPTIONS: readonly string[] = [
  'path',
  'method',
  'intervalMs',
  'timeoutMs',
  'rise',
  'fall',
  'jitter',
  'status',
  'body',
  'host',
  'port',
  'headers',
  'initial',
] satisfies (keyof HealthOptions)[]

/** The options, checked. */
export interface HealthSettings extends Thresholds {
  readonly path: string
  readonly method: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly jitter: number
  /** First and last status of each range that passes. */
  readonly statuses: StatusRanges
  readonly body: string | RegExp | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly headers: HeaderList
  readonly initial: 'healthy' | 'unhealthy'
}

const OWNER = 'pool.health'

/** Checks the options and fills in the defaults. */
export function healthSettings(options: HealthOptions): HealthSettings {
  knownOptions(OWNER, options, OPTIONS)
  const {
    path,
    method = 'GET',
    intervalMs = 5_000,
    timeoutMs = 2_000,
    rise = 2,
    fall = 3,
    jitter = 0.1,
    status = '200-399',
    body,
    host,
    port,
    headers,
    initial = 'healthy',
  } = options
  if (typeof path !== 'string' || !/^\/[\x21\x24-\x7e]*$/.test(path))
    throw invalidOption(OWNER, 'path', 'a percent-encoded path that begins with "/"', path)
  if (typeof method !== 'string' || !/^[A-Z]+$/.test(method) || method === 'CONNECT')
    throw invalidOption(OWNER, 'method', 'a method such as "GET"', method)
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1))
    throw invalidOption(OWNER, 'jitter', 'a number from 0 to 1', jitter)
  if (body !== undefined && !(body instanceof RegExp) && (typeof body !== 'string' || body === ''))
    throw invalidOption(OWNER, 'body', 'a text that is not empty, or a pattern', body)
  if (body !== undefined && method === 'HEAD')
    throw invalidOption(OWNER, 'body', 'left out, because the answer to HEAD has none', body)
  if (host !== undefined && (typeof host !== 'string' || !HOST_FIELD.test(host)))
    throw invalidOption(OWNER, 'host', 'a host name, with a port where one is needed', host)
  if (initial !== 'healthy' && initial !== 'unhealthy')
    throw invalidOption(OWNER, 'initial', '"healthy" or "unhealthy"', initial)
  return {
    path,
    method,
    intervalMs: durationMs(OWNER, 'intervalMs', intervalMs, { min: 1 }),
    timeoutMs: durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 }),
    rise: integer(OWNER, 'rise', rise, { min: 1 }),
    fall: integer(OWNER, 'fall', fall, { min: 1 }),
    jitter,
    statuses: statusRanges(OWNER, 'status', status),
    body,
    host,
    port: port === undefined ? undefined : integer(OWNER, 'port', port, { min: 1, max: 65_535 }),
    headers: probeHeaders(headers),
    initial,
  }
}

function probeHeaders(init: HeadersInit | undefined): HeaderList {
  const headers = HeaderList.from(init)
  for (const { wire, kind } of headers.fields) {
    // The engine would drop them without a word: it writes what belongs to the connection itself.
    if ((kind & FieldKind.host) !== 0)
      throw invalidOption(OWNER, 'headers', 'without Host (use the option host)', wire)
    if ((kind & REQUEST_DROPPED) !== 0)
      throw invalidOption(OWNER, 'headers', 'without fields that the proxy writes itself', wire)
  }
  if (!headers.has('user-agent')) headers.append('User-Agent', 'gatewright-probe')
  return headers
}
