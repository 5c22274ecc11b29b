import type { IncomingMessage, ServerResponse } from 'node:http'
import { loadPeer } from './load-peer.ts'
import { serve, upstream } from './serve.ts'

interface Httpxy {
  createProxyServer: (options: { target: string; xfwd: boolean }) => {
    web(request: IncomingMessage, response: ServerResponse): Promise<void>
  }
}

// No agent given: httpxy shares a keep-alive agent of its own.
const { createProxyServer } = await loadPeer<Httpxy>('httpxy')
const proxy = createProxyServer({ target: upstream, xfwd: true })
serve((request, response) => {
  proxy.web(request, response).catch(() => response.destroy())
})
