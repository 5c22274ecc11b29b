export { type Attribute, attribute } from './core/attribute.ts'
export type { Balancer, Candidates, Endpoint, EndpointHealth } from './core/balancer.ts'
export { Body, type BodyInit } from './core/body.ts'
export type { Clock, Timer } from './core/clock.ts'
export {
  PROXY_ERRORS,
  ProxyError,
  type ProxyErrorCode,
  type ProxyErrorOptions,
  type Sent,
} from './core/errors.ts'
export type { Client, Exchange, Outcome, RouteInfo } from './core/exchange.ts'
export {
  type Filter,
  type Handler,
  onRequest,
  onResponse,
  type RequestStep,
  type ResponseStep,
} from './core/handler.ts'
export { HeaderList, type HeadersInit } from './core/headers.ts'
export { all, any, type Match, type MatchObject, type MatchPredicate, not } from './core/match.ts'
export { type HttpVersion, RequestMessage, ResponseMessage, respond, respondJson } from './core/message.ts'
export type { Address, ClientCertificate, TlsConnectOptions, TlsFacts, Tunnel } from './core/network.ts'
export type { ConnectionRefusal } from './core/observer.ts'
export { type Duration, OptionError, type Size } from './core/options.ts'
export { problemResponse } from './core/problem.ts'
export type { Random } from './core/random.ts'
export type { Transform } from './core/transformed-source.ts'
export type { DeadlineOptions } from './pool/deadline-options.ts'
export type { EjectOptions, FailurePercentageOptions, SuccessRateOptions } from './pool/eject-options.ts'
export type { EndpointOptions } from './pool/endpoint-spec.ts'
export type { HealthOptions } from './pool/health-options.ts'
export type { HedgeOptions } from './pool/hedge-options.ts'
export { type Pool, pool } from './pool/pool.ts'
export type { PoolOptions } from './pool/pool-description.ts'
export type { BackoffOptions, BudgetOptions, RetryCondition, RetryOptions } from './pool/retry-options.ts'
export type { SlowStartOptions } from './pool/slow-start.ts'
export type { StatusRange } from './pool/status-range.ts'
export type { ErrorHandler, ListenOptions } from './proxy/description.ts'
export type { Explanation } from './proxy/explanation.ts'
export {
  type GroupBuilder,
  type ProxyBuilder,
  type ProxyOptions,
  proxy,
  type RoutedGroup,
  type RoutedProxy,
  type StartOptions,
} from './proxy/proxy.ts'
export type { RouteDescription } from './proxy/route-listing.ts'
export { type RunningProxy, StartError, type Surroundings } from './proxy/running-proxy.ts'
export type { LimitOptions } from './transport/limits.ts'
export type { EndpointDescription, Target, TargetDescription } from './transport/runtime.ts'
export type {
  CertificateFiles,
  CertificateOptions,
  CertificatePem,
} from './transport/tls/certificate-options.ts'
export type {
  CertificateReload,
  CertificatesOptions,
  TlsListenOptions,
  TlsOptions,
} from './transport/tls/listen-options.ts'
export { type SelfSigned, type SelfSignedOptions, selfSigned } from './transport/tls/self-signed.ts'
export type { ConnectionOptions } from './transport/upstream-limits.ts'
