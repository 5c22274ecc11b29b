import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'

/** How a proxy ends what runs. Times are milliseconds or `'500ms'`, `'10s'`, `'1m'`. */
export interface DrainOptions {
  /**
   * So long new connections and requests are still accepted, while `readiness` says 503 and every response says
   * `Connection: close`: what a load balancer needs to notice, and to send its traffic elsewhere. Default 0.
   */
  noticeMs?: Duration
  /** From the end of the notice: so long what runs may take, then it is broken off. Default 10 s; `Infinity` waits for all. */
  limitMs?: Duration
  /** From the end of the notice: so long tunnels (WebSockets) may stay open. Default `limitMs`; no longer than that. */
  tunnelMs?: Duration
}

/** The options, checked. */
export interface DrainSettings {
  readonly noticeMs: number
  readonly limitMs: number
  readonly tunnelMs: number
}

/** Checks the options, or a limit alone, and fills in the defaults. */
export function drainSettings(owner: string, given: Duration | DrainOptions): DrainSettings {
  const options = typeof given === 'object' ? given : { limitMs: given }
  knownOptions(owner, options, ['noticeMs', 'limitMs', 'tunnelMs'] satisfies (keyof DrainOptions)[])
  const { noticeMs = 0, limitMs = 10_000 } = options
  const limit = durationMs(owner, 'limitMs', limitMs, { unlimited: true })
  const tunnel = durationMs(owner, 'tunnelMs', options.tunnelMs ?? limit, { unlimited: true })
  if (tunnel > limit) throw invalidOption(owner, 'tunnelMs', 'no longer than "limitMs"', options.tunnelMs)
  return { noticeMs: durationMs(owner, 'noticeMs', noticeMs), limitMs: limit, tunnelMs: tunnel }
}
