export type { ConfigurationFailure, ConfigurationStatus } from '../core/configuration-control.ts'
export { type Admin, admin } from './admin.ts'
export type { AdminOptions } from './admin-options.ts'
export type {
  AdminSnapshot,
  EndpointCommand,
  EndpointStatus,
  ExchangeStatus,
  ExchangesStatus,
  FailureStatus,
  FilterStatus,
  ListenerStatus,
  Percentiles,
  PoolStatus,
  ProxyStatus,
  RouteStatus,
  SecondStatus,
  TappedExchange,
  TrafficStatus,
  WorkerProcess,
} from './api.ts'
