import { FieldKind } from '../core/field-name.ts'
import { HeaderList, type HeadersInit } from '../core/headers.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { REQUEST_DROPPED } from '../transport/http1/head-writer.ts'
import { HOST_FIELD } from './endpoint-spec.ts'
import {
  HEALTH,
  PROBE_OPTIONS,
  type ProbeOptions,
  type ProbeSettings,
  probeSettings,
} from './probe-options.ts'
import { type StatusRange, type StatusRanges, statusRanges } from './status-range.ts'

/** Probes by an HTTP request. */
export interface HttpHealthOptions extends ProbeOptions {
  /** The default. */
  type?: 'http'
  /** What is asked for: a path, with a query where one is needed. */
  path: string
  /** Default `GET`. */
  method?: 'GET' | 'HEAD' | 'OPTIONS' | (string & {})
  /** What passes: a status, `'2xx'`, `'200-399'`, or a list of these. Default `'200-399'`. */
  status?: StatusRange | readonly StatusRange[]
  /** Text that must stand in the body, or a pattern that must match it. The first 64 KiB, as UTF-8, are looked at. */
  body?: string | RegExp
  /** The `Host` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed. */
  host?: string
  /** Fields to send besides `Host`. Default `User-Agent: gatewright-probe`, which another `User-Agent` replaces. */
  headers?: HeadersInit
}

const OPTIONS = ['type', 'path', 'method', 'status', 'body', 'host', 'headers'] satisfies Exclude<
  keyof HttpHealthOptions,
  keyof ProbeOptions
>[]

/** The options, checked. */
export interface HttpHealthSettings extends ProbeSettings {
  readonly type: 'http'
  readonly path: string
  readonly method: string
  /** First and last status of each range that passes. */
  readonly statuses: StatusRanges
  readonly body: string | RegExp | undefined
  readonly host: string | undefined
  readonly headers: HeaderList
}

/** Checks the options and fills in the defaults. */
export function httpHealthSettings(options: HttpHealthOptions): HttpHealthSettings {
  knownOptions(HEALTH, options, [...OPTIONS, ...PROBE_OPTIONS])
  const { path, method = 'GET', status = '200-399', body, host, headers } = options
  if (typeof path !== 'string' || !/^\/[\x21\x24-\x7e]*$/.test(path))
    throw invalidOption(HEALTH, 'path', 'a percent-encoded path that begins with "/"', path)
  if (typeof method !== 'string' || !/^[A-Z]+$/.test(method) || method === 'CONNECT')
    throw invalidOption(HEALTH, 'method', 'a method such as "GET"', method)
  if (body !== undefined && !(body instanceof RegExp) && (typeof body !== 'string' || body === ''))
    throw invalidOption(HEALTH, 'body', 'a text that is not empty, or a pattern', body)
  if (body !== undefined && method === 'HEAD')
    throw invalidOption(HEALTH, 'body', 'left out, because the answer to HEAD has none', body)
  if (host !== undefined && (typeof host !== 'string' || !HOST_FIELD.test(host)))
    throw invalidOption(HEALTH, 'host', 'a host name, with a port where one is needed', host)
  return {
    ...probeSettings(options),
    type: 'http',
    path,
    method,
    statuses: statusRanges(HEALTH, 'status', status),
    body,
    host,
    headers: probeHeaders(headers),
  }
}

function probeHeaders(init: HeadersInit | undefined): HeaderList {
  const headers = HeaderList.from(init)
  for (const { wire, kind } of headers.fields) {
    // The engine would drop them without a word: it writes what belongs to the connection itself.
    if ((kind & FieldKind.host) !== 0)
      throw invalidOption(HEALTH, 'headers', 'without Host (use the option host)', wire)
    if ((kind & REQUEST_DROPPED) !== 0)
      throw invalidOption(HEALTH, 'headers', 'without fields that the proxy writes itself', wire)
  }
  if (!headers.has('user-agent')) headers.append('User-Agent', 'gatewright-probe')
  return headers
}
