import type { Filter } from '../core/handler.ts'
import { accessLogPart } from './filters/access-log-part.ts'
import { adaptiveConcurrencyPart } from './filters/adaptive-concurrency-part.ts'
import { aggregatePart } from './filters/aggregate-part.ts'
import { apiKeyPart } from './filters/api-key-part.ts'
import { authorizePart } from './filters/authorize-part.ts'
import { bandwidthPart } from './filters/bandwidth-part.ts'
import { basicAuthPart } from './filters/basic-auth-part.ts'
import { bodyLimitPart } from './filters/body-limit-part.ts'
import { bodyTransformPart } from './filters/body-transform-part.ts'
import { cachePart } from './filters/cache-part.ts'
import { circuitBreakerPart } from './filters/circuit-breaker-part.ts'
import { coalescePart } from './filters/coalesce-part.ts'
import { compressPart } from './filters/compress-part.ts'
import { concurrencyLimitPart } from './filters/concurrency-limit-part.ts'
import { cookiesPart } from './filters/cookies-part.ts'
import { corsPart } from './filters/cors-part.ts'
import { csrfPart } from './filters/csrf-part.ts'
import { decompressPart } from './filters/decompress-part.ts'
import { faultPart } from './filters/fault-part.ts'
import { forwardAuthPart } from './filters/forward-auth-part.ts'
import { grpcWebPart } from './filters/grpc-web-part.ts'
import { headersPart } from './filters/headers-part.ts'
import { hstsPart } from './filters/hsts-part.ts'
import { introspectPart } from './filters/introspect-part.ts'
import { ipFilterPart } from './filters/ip-filter-part.ts'
import { jsonPart } from './filters/json-part.ts'
import { jwtPart } from './filters/jwt-part.ts'
import { loadSheddingPart } from './filters/load-shedding-part.ts'
import { metricsPart } from './filters/metrics-part.ts'
import { mirrorPart } from './filters/mirror-part.ts'
import { proxyStatusPart } from './filters/proxy-status-part.ts'
import { rateLimitPart } from './filters/rate-limit-part.ts'
import { redirectPart } from './filters/redirect-part.ts'
import { redirectToHttpsPart } from './filters/redirect-to-https-part.ts'
import { replaceTextPart } from './filters/replace-text-part.ts'
import { requestIdPart } from './filters/request-id-part.ts'
import { rewriteLocationPart } from './filters/rewrite-location-part.ts'
import { rewritePart } from './filters/rewrite-part.ts'
import { securityHeadersPart } from './filters/security-headers-part.ts'
import { serverTimingPart } from './filters/server-timing-part.ts'
import { splitPart } from './filters/split-part.ts'
import { stickyPart } from './filters/sticky-part.ts'
import { streamIdleTimeoutPart } from './filters/stream-idle-timeout-part.ts'
import { stripPrefixPart } from './filters/strip-prefix-part.ts'
import { tracingPart } from './filters/tracing-part.ts'
import { validatePart } from './filters/validate-part.ts'
import { websocketPart } from './filters/websocket-part.ts'
import type { NamedPart } from './part.ts'

/** The filters that a configuration can name, by their names in the builder: `rateLimit` is `rate_limit` in a file. */
export const filterParts: Readonly<Record<string, NamedPart<Filter>>> = {
  accessLog: accessLogPart,
  adaptiveConcurrency: adaptiveConcurrencyPart,
  aggregate: aggregatePart,
  apiKey: apiKeyPart,
  authorize: authorizePart,
  bandwidth: bandwidthPart,
  basicAuth: basicAuthPart,
  bodyLimit: bodyLimitPart,
  bodyTransform: bodyTransformPart,
  cache: cachePart,
  circuitBreaker: circuitBreakerPart,
  coalesce: coalescePart,
  compress: compressPart,
  concurrencyLimit: concurrencyLimitPart,
  cookies: cookiesPart,
  cors: corsPart,
  csrf: csrfPart,
  decompress: decompressPart,
  fault: faultPart,
  forwardAuth: forwardAuthPart,
  grpcWeb: grpcWebPart,
  headers: headersPart,
  hsts: hstsPart,
  introspect: introspectPart,
  ipFilter: ipFilterPart,
  json: jsonPart,
  jwt: jwtPart,
  loadShedding: loadSheddingPart,
  metrics: metricsPart,
  mirror: mirrorPart,
  proxyStatus: proxyStatusPart,
  rateLimit: rateLimitPart,
  redirect: redirectPart,
  redirectToHttps: redirectToHttpsPart,
  replaceText: replaceTextPart,
  requestId: requestIdPart,
  rewrite: rewritePart,
  rewriteLocation: rewriteLocationPart,
  securityHeaders: securityHeadersPart,
  serverTiming: serverTimingPart,
  split: splitPart,
  sticky: stickyPart,
  streamIdleTimeout: streamIdleTimeoutPart,
  stripPrefix: stripPrefixPart,
  tracing: tracingPart,
  validate: validatePart,
  websocket: websocketPart,
}
