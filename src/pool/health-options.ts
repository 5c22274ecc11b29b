import { invalidOption } from '../core/options.ts'
import { type GrpcHealthOptions, type GrpcHealthSettings, grpcHealthSettings } from './grpc-health-options.ts'
import { type HttpHealthOptions, type HttpHealthSettings, httpHealthSettings } from './http-health-options.ts'
import { HEALTH } from './probe-options.ts'
import { type TcpHealthOptions, type TcpHealthSettings, tcpHealthSettings } from './tcp-health-options.ts'

/** How the endpoints of a pool are probed: by an HTTP request, unless `type` says otherwise. */
export type HealthOptions = HttpHealthOptions | TcpHealthOptions | GrpcHealthOptions

/** The options, checked. */
export type HealthSettings = HttpHealthSettings | TcpHealthSettings | GrpcHealthSettings

/** Checks the options and fills in the defaults. */
export function healthSettings(options: HealthOptions): HealthSettings {
  if (typeof options !== 'object' || options === null)
    throw invalidOption(HEALTH, 'options', 'an object', options)
  const { type } = options
  switch (type) {
    case undefined:
    case 'http':
      return httpHealthSettings(options)
    case 'tcp':
      return tcpHealthSettings(options)
    case 'grpc':
      return grpcHealthSettings(options)
    default:
      throw invalidOption(HEALTH, 'type', '"http", "tcp" or "grpc"', type)
  }
}
