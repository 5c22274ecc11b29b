/** Each filter as a configuration file has it, by its name in the builder. Tests construct all of them; pages show them. */
export const FILE_EXAMPLES: Readonly<Record<string, string>> = {
  accessLog: `
- access_log:
    format: json
    to: { file: access.log }
    sample: 0.1
    always: { status: 400, slower_than: 500ms }
    query: mask
    request_headers: [x-tenant]
    fields: { plan: { module: "./filters.ts#plan" } }
`,
  adaptiveConcurrency: `
- adaptive_concurrency: { algorithm: vegas, min: 4, max: 200, initial: 20, window: 1s }
`,
  aggregate: `
- aggregate:
    parts:
      user: { from: { upstream: users }, request: /users/:id, required: true }
      orders: { from: "http://orders:8080", request: /orders, timeout: 500ms, max_size: 256kb }
    timeout: 2s
    pass_headers: [authorization]
`,
  apiKey: `
- api_key:
    keys:
      - { id: batch, key: "a-key-of-at-least-32-characters-0001", attributes: { plan: gold } }
    from: { header: x-api-key }
    forward: false
`,
  authorize: `
- authorize: { predicate: { module: "./filters.ts#isAdmin" }, message: for admins alone }
`,
  bandwidth: `
- bandwidth: { response: 1MB, burst: 4MB, key: address }
`,
  basicAuth: `
- basic_auth:
    users: { ada: "$2b$10$abcdefghijklmnopqrstuuWHnIcZy9bZJyqJ1rLrUQWKOWKVwKxnO" }
    realm: back office
    cache: 5m
`,
  bodyLimit: `
- body_limit: { request: 10MB }
`,
  bodyTransform: `
- body_transform: { response: { module: "./filters.ts#upperCase" }, types: text/plain }
`,
  cache: `
- cache:
    max_size: 256MB
    store: { disk: { path: cache, max_size: 2GB } }
    default_lifetimes: { 200: 1m, 404: 10s }
    heuristic: { fraction: 0.1, max: 1h }
    stale_if_error: 10m
    set_cookie: strip
`,
  circuitBreaker: `
- circuit_breaker:
    error_ratio: 0.5
    window: 10s
    min_volume: 20
    open: 5s
    half_open: { ramp: [0.1, 0.5], trials: 5 }
`,
  coalesce: `
- coalesce: { headers: [accept-language], buffer_size: 256kb }
`,
  compress: `
- compress: { codings: [zstd, br, gzip], brotli_quality: 4, min_size: 1kb, max_streams: unlimited }
`,
  concurrencyLimit: `
- concurrency_limit:
    limit: 100
    queue: { max: 200, timeout: 2s, order: adaptive }
`,
  cookies: `
- cookies:
    request: { remove: [{ regexp: "_ga.*" }], set: { edge: "{client.address}" } }
    response: { secure: true, same_site: lax, domain: { users.internal: shop.example } }
`,
  cors: `
- cors:
    origins: ["https://shop.example", { regexp: "https://[a-z0-9-]+\\\\.preview\\\\.shop\\\\.example" }]
    methods: [GET, PUT]
    credentials: true
    max_age: 1h
`,
  csrf: `
- csrf: { trusted_origins: ["https://pay.example"], unmarked: refuse }
`,
  decompress: `
- decompress: { responses: true, codings: [gzip, br], max_size: 50MB, max_ratio: unlimited }
`,
  fault: `
- fault:
    enabled: true
    headers: { x-fault: true }
    delay: { time: 100ms, max: 1s, share: 0.5 }
    abort: { status: 503, share: 0.1 }
`,
  forwardAuth: `
- forward_auth:
    endpoint: { service: { upstream: auth }, path: /check }
    identity_headers: [x-user]
    timeout: 1s
`,
  grpcWeb: `
- grpc_web
`,
  headers: `
- headers:
    request: { remove: [x-debug], set: { x-client: "{client.address}" } }
    response: { remove: [server], add: { x-served-by: [edge, "{id}"] }, on_errors: true }
`,
  hsts: `
- hsts: { max_age: 365d, include_sub_domains: true }
`,
  introspect: `
- introspect:
    endpoint: https://id.example.com/introspect
    auth: { client_id: gateway, client_secret: "\${CLIENT_SECRET}" }
    scopes: [orders]
    cache: 30s
`,
  ipFilter: `
- ip_filter: { allow: [10.0.0.0/8, loopback], deny: [10.6.0.0/16] }
`,
  json: `
- json: { response: { module: "./filters.ts#withoutPrices" }, max_size: 1MB }
`,
  jwt: `
- jwt:
    algorithms: [RS256, ES256]
    issuer: https://id.example.com
    audience: api
    jwks: https://id.example.com/jwks.json
    claims_to_headers: { x-user: sub, x-roles: [realm_access, roles] }
    from: [authorization, { cookie: session }]
`,
  loadShedding: `
- load_shedding: { target: 20ms, interval: 200ms }
`,
  metrics: `
- metrics: { buckets: [0.01, 0.1, 1, 10], max_series: 2000 }
`,
  mirror: `
- mirror: { to: { upstream: shadow }, share: 0.01, max_body_size: 16kb, remove_headers: [authorization, cookie] }
`,
  proxyStatus: `
- proxy_status: { name: edge, next_hop: true }
`,
  rateLimit: `
- rate_limit:
    rules:
      - { name: burst, limit: 20, per: 1s }
      - { name: day, limit: 10000, per: 1d, algorithm: fixed-window, key: [address, { claim: sub }] }
    store: { memory: { max_keys: 100000 } }
    fields: both
`,
  redirect: `
- redirect: { to: "https://shop.example/users/:id", status: 307, preserve_query: false }
`,
  redirectToHttps: `
- redirect_to_https: { port: 8443, status: 308 }
`,
  replaceText: `
- replace_text:
    pairs: [{ from: "http://shop.internal", to: "https://shop.example" }]
    types: [text/html, text/css]
`,
  requestId: `
- request_id: { header: x-request-id, accept: trusted, max_length: 64 }
`,
  rewrite: `
- rewrite: { from: "/v1/users/:id", to: "/users/:id" }
`,
  rewriteLocation: `
- rewrite_location: { internal: "http://users.internal:8080", public_origin: "https://shop.example", prefixes: { /: /users } }
`,
  securityHeaders: `
- security_headers:
    content_security_policy: default-src 'self'
    frame: same-origin
    opener_policy: same-origin-allow-popups
    embedder_policy: false
`,
  serverTiming: `
- server_timing: { to: everyone }
`,
  split: `
- split:
    arms:
      - { to: { upstream: stable }, weight: 95 }
      - { to: { upstream: canary }, weight: 5, name: canary }
    cookie: { name: arm, max_age: 1h, same_site: strict }
`,
  sticky: `
- sticky: { keys: "\${AFFINITY_KEY}", cookie: { name: session }, if_gone: pick }
`,
  streamIdleTimeout: `
- stream_idle_timeout: { idle: unlimited }
`,
  stripPrefix: `
- strip_prefix: { prefix: /api, case_sensitive: false }
`,
  tracing: `
- tracing: { accept: trusted, propagation: [w3c, b3], query: [page] }
`,
  validate: `
- validate:
    body:
      type: object
      required: [items]
      properties: { items: { type: array, minItems: 1 } }
    max_size: 64kb
`,
  websocket: `
- websocket: { max_message_size: 1MB, ping: 30s, ping_timeout: 10s, compression: true }
`,
}
