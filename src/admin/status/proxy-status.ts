import type { ConfigurationControl } from '../../core/configuration-control.ts'
import { log } from '../../core/log.ts'
import type { ProxyView } from '../../core/proxy-view.ts'
import { VERSION } from '../../core/version.ts'
import type { ProxyStatus } from '../api.ts'

export function proxyStatus(
  { clock, startedAt, phase, readiness }: ProxyView,
  readOnly: boolean,
  configuration?: ConfigurationControl,
): ProxyStatus {
  const { rss, heapUsed } = process.memoryUsage()
  return {
    version: VERSION,
    node: process.versions.node,
    pid: process.pid,
    startedAt,
    now: Math.round(clock.wallTime()),
    phase,
    readiness,
    logLevel: log.level,
    readOnly,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    ...(configuration === undefined ? {} : { configuration: configuration.status }),
  }
}
