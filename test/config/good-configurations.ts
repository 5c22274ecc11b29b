/** Configurations in which everything is right, each value on a line of its own, for tests that put something wrong in. */
export const GOOD: Readonly<Record<string, string>> = {
  gateway: `proxy:
  listen:
    - address: 127.0.0.1
      port: 18080
      trusted_proxies:
        - loopback
      limits:
        head: 10s
        head_size: 32kb
      http2: false
    - address: 127.0.0.1
      port: \${PORT}
  case_sensitive_paths: false
  log:
    level: warn
  workers: 2
  drain:
    notice: 5s
    limit: 20s
  upstreams:
    users:
      endpoints:
        - address: u1:8080
          weight: 3
          zone: a
        - url: http://u2:8080
          zone: b
          labels:
            version: v2
      balancer: least_response_time
      health_check:
        path: /healthz
        interval: 5s
        rise: 2
      eject:
        consecutive_errors: 5
        eject: 30s
        max_ejected: 0.5
      retry:
        attempts: 3
        on:
          - unsent
          - 503
        per_attempt: 2s
        budget:
          ratio: 0.2
      hedge: true
      slow_start:
        lasts: 30s
      deadline:
        time: 10s
      fallback:
        upstream: archive
        on: 502-504
      prefer_zone:
        zone: a
      max_connections: 64
      idle: 3s
      guards:
        - rate_limit:
            limit: 10
            per: 1s
      each:
        - concurrency_limit:
            limit: 50
    archive:
      - archive:8080
  routes:
    - path: /users/:id
      methods:
        - GET
      headers:
        x-version:
          regexp: ^v[12]$
      filters:
        - security_headers
        - rate_limit:
            limit: 100
            per: 1m
            burst: 10
            key:
              header: x-api-key
      upstream: users
    - path: /health
      respond:
        status: 200
        body: ok
        headers:
          cache-control: no-store
    - path: /api
      filters:
        - cors:
            origins: https://example.com
            credentials: true
            max_age: 1h
      routes:
        - path: /archive
          upstream: archive
        - path: /code
          module: ./code.ts#hello
  admin:
    port: 19901
    token: a-token-of-sixteen-characters
  error_pages:
    404:
      text/html: <h1>{{title}}</h1>
  connect:
    allow:
      - api.example.com:443
    connect: 3s
  filters:
    - request_id
    - module: ./code.ts#audit
    - mirror:
        to:
          upstream: archive
        share: 0.5
`,
  shorthands: `proxy:
  listen:
    address: 0.0.0.0
    port: 8080
  upstreams:
    user-service:
      - address: user-service-1:8080
        weight: 100
        health_check:
          path: /health
          interval: 30s
          timeout: 5s
  rate_limiting:
    enabled: true
    requests_per_minute: 1000
    burst_size: 100
  caching:
    enabled: true
    ttl: 5m
    max_size: 100MB
  security:
    cors:
      enabled: true
      allowed_origins:
        - https://example.com
      max_age: 1h
    jwt:
      secret: \${JWT_SECRET}
      algorithm: HS256
`,
}

export const ENV: Readonly<Record<string, string>> = {
  PORT: '18081',
  JWT_SECRET: 'a secret of thirty-two characters',
}

/** What they name. */
export const CODE = `export const hello = () => undefined
export const audit = (exchange, next) => next(exchange)
export const number = 7
`
