import type { IncomingHttpHeaders } from 'node:http'
import { loadPeer } from './load-peer.ts'
import { endWithHarness, KEEP_ALIVE_MS, port, upstream } from './serve.ts'

interface ProxyOptions {
  upstream: string
  undici: { connections: number; pipelining: number; keepAliveTimeout: number }
  disableRequestLogging: boolean
  replyOptions: {
    rewriteRequestHeaders(
      request: { headers: IncomingHttpHeaders; ip: string; protocol: string },
      headers: IncomingHttpHeaders,
    ): IncomingHttpHeaders
  }
}
interface Fastify {
  default: (options: { keepAliveTimeout: number }) => {
    register(plugin: unknown, options: ProxyOptions): unknown
    listen(options: { host: string; port: number }): Promise<string>
  }
}

const { default: fastify } = await loadPeer<Fastify>('fastify')
const { default: httpProxy } = await loadPeer<{ default: unknown }>('@fastify/http-proxy')
const app = fastify({ keepAliveTimeout: KEEP_ALIVE_MS })
app.register(httpProxy, {
  upstream,
  undici: { connections: 128, pipelining: 1, keepAliveTimeout: 60_000 },
  disableRequestLogging: true,
  replyOptions: {
    // `headers` is reply-from's own copy.
    rewriteRequestHeaders(request, headers) {
      headers.host = request.headers.host
      headers['x-forwarded-for'] = request.ip
      headers['x-forwarded-proto'] = request.protocol
      headers['x-forwarded-host'] = request.headers.host
      return headers
    },
  },
})
await app.listen({ host: '127.0.0.1', port })
endWithHarness()
