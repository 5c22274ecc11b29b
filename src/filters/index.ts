export {
  type AdaptiveConcurrency,
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
} from './adaptive-concurrency.ts'
export { type BandwidthOptions, bandwidth } from './bandwidth.ts'
export { type BodyLimitOptions, bodyLimit } from './body-limit.ts'
export {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitResult,
  circuitBreaker,
  type HalfOpenOptions,
} from './circuit-breaker.ts'
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
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts'
export {
  type RateAlgorithm,
  type RateLimit,
  type RateLimiter,
  type RateLimitFields,
  type RateLimitKey,
  type RateLimitOptions,
  type RateLimitRule,
  type RateLimitRuleOptions,
  type RateLimitStore,
  type RateRule,
  type RateVerdict,
  rateLimit,
} from './rate-limit.ts'
export { type RedirectOptions, redirect } from './redirect.ts'
export { type RedirectToHttpsOptions, redirectToHttps } from './redirect-to-https.ts'
export {
  type RedisClient,
  type RedisLeaseOptions,
  type RedisStore,
  type RedisStoreOptions,
  redisStore,
} from './redis-store.ts'
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
