import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../children.ts'
import type { ProxyPorts } from './nginx.ts'

export function haproxyCommand({ port, upstream, http2, tls }: ProxyPorts, folder: string): Command {
  const file = join(folder, 'haproxy.cfg')
  // `no strict-limits`: where files are limited to fewer than 2 x maxconn, HAProxy would refuse to start although
  // idle clients need only one each.
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 12000
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  timeout http-keep-alive 75s
  http-reuse always
  option forwardfor
listen proxy
  bind 127.0.0.1:${port}${tls ? ` ssl crt ${tls.both} alpn http/1.1` : ''}${http2 === 'client' ? ' proto h2' : ''}
  http-request set-header X-Forwarded-Proto ${tls ? 'https' : 'http'}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  server origin 127.0.0.1:${upstream}${http2 === 'upstream' ? ' proto h2' : ''}
`,
  )
  return { file: 'haproxy', args: ['-db', '-f', file] }
}
