import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { loadPeer } from './load-peer.ts'
import { serve, upstream } from './serve.ts'

interface ForwardOptions {
  rewriteRequestHeaders(request: IncomingMessage, headers: IncomingHttpHeaders): IncomingHttpHeaders
}
interface FastProxy {
  default: (options: { base: string; undici: { connections: number; pipelining: number } }) => {
    proxy: (
      request: IncomingMessage,
      response: ServerResponse,
      source: string,
      options: ForwardOptions,
    ) => void
  }
}

const { default: fastProxy } = await loadPeer<FastProxy>('fast-proxy')
const { proxy } = fastProxy({ base: upstream, undici: { connections: 100, pipelining: 10 } })
const options: ForwardOptions = {
  // `headers` is fast-proxy's own copy, with X-Forwarded-Host already in it.
  rewriteRequestHeaders(request, headers) {
    headers.host = request.headers.host
    headers['x-forwarded-for'] = request.socket.remoteAddress
    headers['x-forwarded-proto'] = 'http'
    return headers
  },
}
serve((request, response) => proxy(request, response, request.url ?? '/', options))
