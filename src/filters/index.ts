export {
  type AdaptiveConcurrency,
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
} from './adaptive-concurrency.ts'
export {
  type AggregateDocument,
  type AggregatedPart,
  type AggregateOptions,
  type AggregatePart,
  aggregate,
} from './aggregate.ts'
export {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitResult,
  circuitBreaker,
  type HalfOpenOptions,
} from './circuit-breaker.ts'
export { type Coalesce, type CoalesceOptions, coalesce } from './coalesce.ts'
export {
  type ConcurrencyLimit,
  type ConcurrencyLimitOptions,
  type ConcurrencyQueueOptions,
  concurrencyLimit,
} from './concurrency-limit.ts'
export { type CorsOptions, type CorsOrigin, cors } from './cors.ts'
export { grpcWeb, grpcWebCors } from './grpc-web.ts'
export { type HstsOptions, hsts } from './hsts.ts'
export type { CircuitState } from './limiting/circuit.ts'
export { type LoadShedding, type LoadSheddingOptions, loadShedding } from './load-shedding.ts'
export { type Mirror, type MirrorOptions, mirror } from './mirror.ts'
export { type RedirectOptions, redirect } from './redirect.ts'
export { type RedirectToHttpsOptions, redirectToHttps } from './redirect-to-https.ts'
export { type RewriteOptions, type RewritePath, rewrite } from './rewrite.ts'
export { streamIdleTimeout } from './stream-idle-timeout.ts'
export { type StripPrefixOptions, stripPrefix } from './strip-prefix.ts'
export type { MessageSource } from './websocket/leg.ts'
export type {
  MessageContext,
  MessageVerdict,
  OnMessage,
  WebSocketMessage,
} from './websocket/message-relay.ts'
export { type WebSocketOptions, websocket } from './websocket.ts'
