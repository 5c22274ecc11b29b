import { performance } from 'node:perf_hooks'
import { VERSION } from '../../core/version.ts'
import type { EventLoop } from './event-loop.ts'
import type { ReadFamilies } from './read-families.ts'

const PHASES = ['starting', 'serving', 'notice', 'draining', 'closed'] as const

/** What is read of the proxy as a whole, and of the process that it runs in. */
export const processFamilies =
  (loop: EventLoop): ReadFamilies =>
  (gauge, counter, view) => [
    gauge('proxy_build_info', 'What runs: always 1.', ['version', 'node'], (put) =>
      put(1, VERSION, process.version),
    ),
    gauge('proxy_start_time_seconds', 'When the proxy was started, since 1970 UTC.', [], (put) => {
      const startedAt = view()?.startedAt
      if (startedAt !== undefined) put(startedAt / 1000)
    }),
    gauge('proxy_ready', 'Whether traffic should be sent to the proxy: 1 or 0.', [], (put) =>
      put(view()?.readiness.ready === true ? 1 : 0),
    ),
    gauge('proxy_phase', 'What the proxy is about: 1 for the phase that it is in.', ['phase'], (put) => {
      const current = view()?.phase
      if (current !== undefined) for (const phase of PHASES) put(phase === current ? 1 : 0, phase)
    }),
    gauge('proxy_event_loop_delay_p50_seconds', `${LATE}: the median.`, [], (put) => put(loop.delays.p50)),
    gauge('proxy_event_loop_delay_p99_seconds', `${LATE}: the 99th percentile.`, [], (put) =>
      put(loop.delays.p99),
    ),
    gauge('proxy_event_loop_delay_max_seconds', `${LATE}: the most.`, [], (put) => put(loop.delays.max)),
    counter(
      'proxy_event_loop_seconds_total',
      'Time that the event loop of the process was busy or had nothing to do.',
      ['state'],
      (put) => {
        const { active, idle } = performance.eventLoopUtilization()
        put(active / 1000, 'active')
        put(idle / 1000, 'idle')
      },
    ),
  ]

const LATE = 'How late the event loop was since the scrape before'
