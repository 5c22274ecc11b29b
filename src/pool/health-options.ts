import { invalidOption } from '../core/options.ts'
import { type HttpHealthOptions, type HttpHealthSettings, httpHealthSettings } from './http-health-options.ts'
import { HEALTH } from './probe-options.ts'
import { type TcpHealthOptions, type TcpHealthSettings, tcpHealthSettings } from './tcp-health-options.ts'

/** How the endpoints of a pool are probed: by an HTTP request, unless `type` says otherwise. */
export type HealthOptions = HttpHealthOptions | TcpHealthOptions

/** The options, checked. */
export type HealthSettings = HttpHealthSettings | TcpHealthSettings

/** Checks the options and fills in the defaults. */
export function healthSettings(options: HealthOptions): HealthSettings {
  const { type } = options
  switch (type) {
    case undefined:
    case 'http':
      return httpHealthSettings(options)
    case 'tcp':
      return tcpHealthSettings(options)
    default:
      throw invalidOption(HEALTH, 'type', '"http" or "tcp"', type)
  }
}
