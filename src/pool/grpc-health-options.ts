import { invalidOption, knownOptions } from '../core/options.ts'
import { HOST_FIELD } from './endpoint-spec.ts'
import {
  HEALTH,
  PROBE_OPTIONS,
  type ProbeOptions,
  type ProbeSettings,
  probeSettings,
} from './probe-options.ts'

/**
 * Probes by gRPC's health checking protocol: a call of `grpc.health.v1.Health/Check` over HTTP/2, by prior knowledge where the
 * endpoint is `http:`, and by ALPN where it is `https:`. `SERVING` passes, and nothing else.
 */
export interface GrpcHealthOptions extends ProbeOptions {
  type: 'grpc'
  /** The service that is asked about, as `package.Service`. Default: the server as a whole. */
  service?: string
  /** The `:authority` that is sent. Default: a fixed `host` of the pool's, else host and port of what is probed. */
  host?: string
}

const OPTIONS = ['type', 'service', 'host'] satisfies Exclude<keyof GrpcHealthOptions, keyof ProbeOptions>[]

/** The options, checked. */
export interface GrpcHealthSettings extends ProbeSettings {
  readonly type: 'grpc'
  readonly service: string
  readonly host: string | undefined
}

/** Checks the options and fills in the defaults. */
export function grpcHealthSettings(options: GrpcHealthOptions): GrpcHealthSettings {
  knownOptions(HEALTH, options, [...OPTIONS, ...PROBE_OPTIONS])
  const { service = '', host } = options
  // Whoever has no name for a service leaves it out; an empty one may be a mistake of a configuration's.
  if (options.service !== undefined && !(typeof service === 'string' && /^[\w.\-/]{1,256}$/.test(service)))
    throw invalidOption(HEALTH, 'service', 'the name of a service, such as "package.Service"', service)
  if (host !== undefined && (typeof host !== 'string' || !HOST_FIELD.test(host)))
    throw invalidOption(HEALTH, 'host', 'a host name, with a port where one is needed', host)
  return { ...probeSettings(options), type: 'grpc', service, host }
}
