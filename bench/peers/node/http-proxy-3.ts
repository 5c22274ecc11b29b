import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { loadPeer } from './load-peer.ts'
import { serve, upstream } from './serve.ts'

interface HttpProxy3 {
  createProxyServer: (options: { target: string; agent: Agent; xfwd: boolean }) => {
    web(request: IncomingMessage, response: ServerResponse): void
    on(event: 'error', listener: (error: Error, request: IncomingMessage, response: unknown) => void): void
  }
}

const { createProxyServer } = await loadPeer<HttpProxy3>('http-proxy-3')
const proxy = createProxyServer({ target: upstream, agent: new Agent({ keepAlive: true }), xfwd: true })
proxy.on('error', () => {})
serve((request, response) => proxy.web(request, response))
