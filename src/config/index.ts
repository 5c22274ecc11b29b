export { ConfigError, type ConfigProblem } from './config-error.ts'
export type { Configuration } from './configuration.ts'
export { type FromConfigOptions, fromConfig } from './from-config.ts'
export type { FromModule, GatewayConfig } from './gateway-config.ts'
