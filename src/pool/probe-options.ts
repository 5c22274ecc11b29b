import { isIPv6 } from 'node:net'
import { type Duration, durationMs, integer, invalidOption } from '../core/options.ts'
import type { Thresholds } from './health.ts'

/** What all kinds of probes have in common. Times are milliseconds or `'250ms'`, `'5s'`, `'1m'`. */
export interface ProbeOptions {
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
  /**
   * The host that is asked, by name or address, where that is an agent elsewhere and not the endpoint itself. It answers for
   * all endpoints of the pool, unless one has a `probeAddress` of its own. With `https:` it must show the endpoint's certificate.
   */
  address?: string
  /** The port that is probed. Default that of the endpoint. */
  port?: number
  /**
   * What an endpoint is taken for until its first probe has ended: `'healthy'` (default) serves at once, `'unhealthy'` must
   * pass that probe first.
   */
  initial?: 'healthy' | 'unhealthy'
}

/** The names of all of them. */
export const PROBE_OPTIONS: readonly (keyof ProbeOptions)[] = [
  'intervalMs',
  'timeoutMs',
  'rise',
  'fall',
  'jitter',
  'address',
  'port',
  'initial',
]

/** The options, checked. */
export interface ProbeSettings extends Thresholds {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly jitter: number
  readonly address: string | undefined
  readonly port: number | undefined
  readonly initial: 'healthy' | 'unhealthy'
}

/** Whose options they are, in messages. */
export const HEALTH = 'pool.health'

/** Checks the options and fills in the defaults. */
export function probeSettings(options: ProbeOptions): ProbeSettings {
  const {
    intervalMs = 5_000,
    timeoutMs = 2_000,
    rise = 2,
    fall = 3,
    jitter = 0.1,
    address,
    port,
    initial = 'healthy',
  } = options
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1))
    throw invalidOption(HEALTH, 'jitter', 'a number from 0 to 1', jitter)
  if (address !== undefined && !isHost(address))
    throw invalidOption(
      HEALTH,
      'address',
      'a host name or an address (the port is an option of its own)',
      address,
    )
  if (initial !== 'healthy' && initial !== 'unhealthy')
    throw invalidOption(HEALTH, 'initial', '"healthy" or "unhealthy"', initial)
  return {
    intervalMs: durationMs(HEALTH, 'intervalMs', intervalMs, { min: 1 }),
    timeoutMs: durationMs(HEALTH, 'timeoutMs', timeoutMs, { min: 1 }),
    rise: integer(HEALTH, 'rise', rise, { min: 1 }),
    fall: integer(HEALTH, 'fall', fall, { min: 1 }),
    jitter,
    address,
    port: port === undefined ? undefined : integer(HEALTH, 'port', port, { min: 1, max: 65_535 }),
    initial,
  }
}

/** Whether it is a name or an address, without a port and without brackets. */
export function isHost(value: unknown): boolean {
  return typeof value === 'string' && (/^[\w-]+(?:\.[\w-]+)*\.?$/.test(value) || isIPv6(value))
}
