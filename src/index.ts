export { type FetchApp, fromFetch } from './adapters/from-fetch.ts'
export {
  type NodeListener,
  type NodeListenerLimits,
  type NodeListenerOptions,
  type NodeRequestListener,
  toNodeListener,
} from './adapters/to-node-listener.ts'
export { type Attribute, attribute } from './core/attribute.ts'
export type { Balancer, BalancerScore, Candidates, Endpoint, EndpointHealth } from './core/balancer.ts'
export { Body, type BodyInit } from './core/body.ts'
export type { Clock, Timer } from './core/clock.ts'
export type { Companion } from './core/companion.ts'
export type {
  AttemptKind,
  AttemptRecord,
  CacheRecord,
  CacheResult,
  CandidateRecord,
  DecisionPhase,
  DecisionRecord,
  EndedBy,
  EndRecord,
  HedgeRecord,
  LeftOutReason,
  LeftOutRecord,
  PassedOverRecord,
  PickRecord,
  RefusalRecord,
  RetryRecord,
  RetryRefusal,
  RouteRecord,
  WaitRecord,
} from './core/decision-record.ts'
export type { EndpointEjection, EndpointSnapshot, EndpointState } from './core/endpoint-snapshot.ts'
export {
  PROXY_ERRORS,
  ProxyError,
  type ProxyErrorCode,
  type ProxyErrorOptions,
  type Sent,
} from './core/errors.ts'
export type { Client, ClientHello, Exchange, Outcome, RouteInfo } from './core/exchange.ts'
export { answeredByFallback, type FallbackAnswer } from './core/fallback-answer.ts'
export type {
  CacheState,
  CircuitBreakerState,
  CoalesceState,
  ConcurrencyLimitState,
  FilterState,
  LoadSheddingState,
  MirrorState,
  RateLimitState,
} from './core/filter-state.ts'
export { formatDecision } from './core/format-decision.ts'
export type { GrpcStatus } from './core/grpc-status.ts'
export {
  type Filter,
  type Handler,
  onRequest,
  onResponse,
  type RequestStep,
  type ResponseStep,
} from './core/handler.ts'
export { HeaderList, type HeadersInit } from './core/headers.ts'
export type { Labels } from './core/labels.ts'
export type { LifecyclePhase } from './core/lifecycle.ts'
export { type Log, type LogEntry, type LogLevel, log } from './core/log.ts'
export { all, any, type Match, type MatchObject, type MatchPredicate, not } from './core/match.ts'
export { type HttpVersion, RequestMessage, ResponseMessage, respond, respondJson } from './core/message.ts'
export type {
  Address,
  ClientCertificate,
  ForwardedConnection,
  TlsConnectOptions,
  TlsFacts,
  Tunnel,
} from './core/network.ts'
export type { ConnectionRefusal, RefusedConnection } from './core/observer.ts'
export { type Duration, OptionError, type Size } from './core/options.ts'
export { type Problem, problemResponse } from './core/problem.ts'
export type {
  Exposed,
  Exposition,
  FilterStateView,
  ListenerView,
  PoolView,
  ProxyView,
} from './core/proxy-view.ts'
export type { Random } from './core/random.ts'
export type { Readiness } from './core/readiness.ts'
export type { CallOptions } from './core/side-call.ts'
export { type CallTarget, type CallTargetInit, targetOf, withTargets } from './core/target.ts'
export type { Transform } from './core/transformed-source.ts'
export type { ApertureOptions } from './pool/aperture.ts'
export type { DeadlineOptions } from './pool/deadline-options.ts'
export type {
  EjectOptions,
  FailurePercentageOptions,
  LatencyOptions,
  SuccessRateOptions,
} from './pool/eject-options.ts'
export type { EndpointFilter } from './pool/endpoint-filters.ts'
export type { EndpointSource, SourceGetOptions, SourceSurroundings } from './pool/endpoint-source.ts'
export type { EndpointOptions } from './pool/endpoint-spec.ts'
export type { FallbackOptions } from './pool/fallback-options.ts'
export type { GrpcHealthOptions } from './pool/grpc-health-options.ts'
export type { HealthOptions } from './pool/health-options.ts'
export type { HedgeOptions } from './pool/hedge-options.ts'
export type { HttpHealthOptions } from './pool/http-health-options.ts'
export { type Pool, pool } from './pool/pool.ts'
export type { PoolOptions } from './pool/pool-description.ts'
export type { PoolEvent, PoolEvents } from './pool/pool-events.ts'
export type { EndpointDrainOptions, EndpointEjectOptions, PoolHandle } from './pool/pool-handle.ts'
export type { ProbeOptions } from './pool/probe-options.ts'
export type { BackoffOptions, BudgetOptions, RetryCondition, RetryOptions } from './pool/retry-options.ts'
export type { SlowStartOptions } from './pool/slow-start.ts'
export type { StatusRange } from './pool/status-range.ts'
export type { SubsetOptions, SubsetSelector, WantedLabels } from './pool/subset.ts'
export type { TcpHealthOptions } from './pool/tcp-health-options.ts'
export type { PreferZoneOptions } from './pool/zone.ts'
export type { ConnectMethodOptions } from './proxy/connect-options.ts'
export type { ErrorHandler, ListenOptions } from './proxy/description.ts'
export type { DrainOptions } from './proxy/drain-options.ts'
export {
  type ErrorPage,
  type ErrorPageFacts,
  type ErrorPages,
  type ErrorPagesByType,
  errorPages,
} from './proxy/error-pages.ts'
export type { Explanation } from './proxy/explanation.ts'
export {
  type GroupBuilder,
  type ProxyBuilder,
  type ProxyOptions,
  proxy,
  type RoutedGroup,
  type RoutedProxy,
} from './proxy/proxy.ts'
export { type ReadinessOptions, readiness } from './proxy/readiness.ts'
export type { RouteDescription } from './proxy/route-listing.ts'
export type { RunningProxy, Surroundings } from './proxy/running-proxy.ts'
export type { StartOptions } from './proxy/start.ts'
export { StartError } from './proxy/start-error.ts'
export { type SniOptions, type TcpProxy, tcp } from './proxy/tcp.ts'
export type { TcpListenOptions } from './proxy/tcp-listen-options.ts'
export type { LimitOptions } from './transport/limits.ts'
export type { ProxyProtocolOptions } from './transport/proxy-protocol/listen-options.ts'
export type {
  DeadlineDescription,
  EjectDescription,
  HealthDescription,
  HedgeDescription,
  PoolLimitsDescription,
  ResilienceDescription,
  RetryDescription,
} from './transport/resilience-description.ts'
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
