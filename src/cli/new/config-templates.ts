// The files of a project that is written as configuration.

export const CONFIG_FILE = `# The whole gateway. It is read again when it changes: what is wrong is refused, and what ran goes on.
proxy:
  listen:
    address: \${HOST:-127.0.0.1}
    port: \${PORT:-8080}

  upstreams:
    users:
      endpoints:
        - address: \${USERS_1:-127.0.0.1:3001}
        - address: \${USERS_2:-127.0.0.1:3002}
      balancer: least_connections
      retry: true
      eject: true

  routes:
    - path: /healthz
      respond:
        status: 200
        body: ok
    - path: /users/:id
      filters:
        - rate_limit: { limit: 100, per: 1m }
      upstream: users

  filters:
    - request_id
    - access_log
`

export const CONFIG_SERVICES_FILE = `import { fakeUpstream } from 'gatewright/testing'

// Stand-ins for services of your own: npm run services.
for (const port of [3001, 3002]) {
  await fakeUpstream({ socket: true, port })
    .on('GET /users/:id', ({ params }) => ({ json: { user: params.id, answeredBy: port } }))
    .start()
  console.log('a service listens on http://127.0.0.1:' + port)
}
`
