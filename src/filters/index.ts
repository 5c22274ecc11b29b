export {
  type AccessLog,
  type AccessLogOptions,
  accessLog,
} from './access-log.ts'
export type {
  AccessLogEntry,
  AccessLogTry,
  AccessLogValue,
} from './access-logging/access-log-entry.ts'
export type { AccessLogWriter } from './access-logging/function-sink.ts'
export type { AccessLogFormat } from './access-logging/log-format.ts'
export type { AlwaysLogged, LogSample } from './access-logging/log-sampling.ts'
export type { AccessLogFile, AccessLogTarget } from './access-logging/log-target.ts'
export type { AccessLogField } from './access-logging/logged-fields.ts'
export type { AccessLogger } from './access-logging/logger-output.ts'
export type { QueryLogging } from './access-logging/query-privacy.ts'
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
  type ApiKeyEntry,
  type ApiKeyIdentity,
  type ApiKeyOptions,
  type ApiKeySource,
  apiKey,
  apiKeyIdentity,
} from './api-key.ts'
export { type AuthorizeOptions, type AuthorizePredicate, authorize } from './authorize.ts'
export { type BandwidthOptions, bandwidth } from './bandwidth.ts'
export { type BasicAuthOptions, basicAuth, basicAuthUser, hashPassword } from './basic-auth.ts'
export { type BodyLimitOptions, bodyLimit } from './body-limit.ts'
export { type BodyStep, type BodyTransformOptions, bodyTransform } from './body-transform.ts'
export {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitResult,
  circuitBreaker,
  type HalfOpenOptions,
} from './circuit-breaker.ts'
export { type Coalesce, type CoalesceOptions, coalesce } from './coalesce.ts'
export { type Compress, type CompressOptions, compress } from './compress.ts'
export {
  type ConcurrencyLimit,
  type ConcurrencyLimitOptions,
  type ConcurrencyQueueOptions,
  concurrencyLimit,
} from './concurrency-limit.ts'
export type { DecodedCoding } from './content-coding/decoder.ts'
export type { Coding } from './content-coding/encoder.ts'
export { type CookiesOptions, cookies, type RequestCookies } from './cookies.ts'
export { type CorsOptions, type CorsOrigin, cors } from './cors.ts'
export { type CsrfOptions, csrf } from './csrf.ts'
export { type Decompress, type DecompressOptions, decompress } from './decompress.ts'
export { type FaultAbort, type FaultBandwidth, type FaultDelay, type FaultOptions, fault } from './fault.ts'
export type { CookieName } from './fields/cookie-name.ts'
export type { CookieRewriting } from './fields/cookie-rewriter.ts'
export type { FieldChanges } from './fields/field-changes.ts'
export type { FieldValue } from './fields/field-value.ts'
export type { OwnCookieOptions } from './fields/own-cookie.ts'
export type { SameSite } from './fields/set-cookie.ts'
export { type ForwardAuthOptions, forwardAuth } from './forward-auth.ts'
export { grpcWeb, grpcWebCors } from './grpc-web.ts'
export { type HeadersOptions, headers, type ResponseFieldChanges } from './headers.ts'
export { type HstsOptions, hsts } from './hsts.ts'
export type { ServiceEndpointInit } from './identity/service-endpoint.ts'
export { type IntrospectOptions, introspect, introspection, type TokenIntrospection } from './introspect.ts'
export { type IpFilterOptions, ipFilter } from './ip-filter.ts'
export { type JsonMap, type JsonOptions, json } from './json.ts'
export type { JsonSchema } from './json-schema/compiled-schema.ts'
export {
  type ClaimPath,
  claims,
  type JsonWebKey,
  type JwtAlgorithm,
  type JwtClaims,
  type JwtKey,
  type JwtOptions,
  type JwtSource,
  jwt,
  type RegisteredClaims,
} from './jwt.ts'
export type { CircuitState } from './limiting/circuit.ts'
export { type LoadShedding, type LoadSheddingOptions, loadShedding } from './load-shedding.ts'
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from './memory-store.ts'
export { type Metrics, type MetricsOptions, type MetricsRegistry, metrics } from './metrics.ts'
export { type Mirror, type MirrorOptions, mirror } from './mirror.ts'
export { type ProxyStatusOptions, proxyStatus } from './proxy-status.ts'
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
export { type ReplaceTextOptions, replaceText, type TextPair } from './replace-text.ts'
export { currentRequestId, type RequestIdOptions, requestId } from './request-id.ts'
export { type RewriteOptions, type RewritePath, rewrite } from './rewrite.ts'
export { type RewriteLocationOptions, rewriteLocation } from './rewrite-location.ts'
export { cspNonce, type SecurityHeadersOptions, securityHeaders } from './security-headers.ts'
export { type ServerTimingOptions, serverTiming } from './server-timing.ts'
export { type SplitArm, type SplitOptions, split, splitArm } from './split.ts'
export { type StickyOptions, sticky } from './sticky.ts'
export { streamIdleTimeout } from './stream-idle-timeout.ts'
export { type StripPrefixOptions, stripPrefix } from './strip-prefix.ts'
export { type Believed, type Propagation, type TracingOptions, tracing } from './tracing.ts'
export { type ValidateOptions, validate } from './validate.ts'
export type { MessageSource } from './websocket/leg.ts'
export type {
  MessageContext,
  MessageVerdict,
  OnMessage,
  WebSocketMessage,
} from './websocket/message-relay.ts'
export { type WebSocketOptions, websocket } from './websocket.ts'
