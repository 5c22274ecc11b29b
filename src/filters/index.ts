export {
  type AdaptiveConcurrency,
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
} from './adaptive-concurrency.ts'
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
export { type CookiesOptions, cookies, type RequestCookies } from './cookies.ts'
export { type CorsOptions, type CorsOrigin, cors } from './cors.ts'
export {
  type FaultAbort,
  type FaultBandwidth,
  type FaultDelay,
  type FaultOptions,
  fault,
} from './fault.ts'
export type { CookieName } from './fields/cookie-name.ts'
export type { CookieRewriting } from './fields/cookie-rewriter.ts'
export type { FieldChanges } from './fields/field-changes.ts'
export type { FieldValue } from './fields/field-value.ts'
export type { OwnCookieOptions } from './fields/own-cookie.ts'
export type { SameSite } from './fields/set-cookie.ts'
export { grpcWeb, grpcWebCors } from './grpc-web.ts'
export { type HeadersOptions, headers, type ResponseFieldChanges } from './headers.ts'
export { type HstsOptions, hsts } from './hsts.ts'
export type { CircuitState } from './limiting/circuit.ts'
export { type LoadShedding, type LoadSheddingOptions, loadShedding } from './load-shedding.ts'
export { type RedirectOptions, redirect } from './redirect.ts'
export { type RedirectToHttpsOptions, redirectToHttps } from './redirect-to-https.ts'
export { type RewriteOptions, type RewritePath, rewrite } from './rewrite.ts'
export { type RewriteLocationOptions, rewriteLocation } from './rewrite-location.ts'
export { type SplitArm, type SplitOptions, split, splitArm } from './split.ts'
export { type StickyOptions, sticky } from './sticky.ts'
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
