import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../children.ts'

export interface ProxyPorts {
  port: number
  upstream: number
  /** Files in PEM, where clients come by HTTPS: certificate, key, and both in one. */
  tls?: { cert: string; key: string; both: string } | undefined
  /** Which side speaks HTTP/2. */
  http2?: 'client' | 'upstream' | undefined
  /** Whether answers are stored. */
  cache?: boolean | undefined
}

/** What nginx does by itself: request and response bodies are buffered, 8 x 4 KiB and then a temporary file. */
export const NGINX_DEFAULTS = ''

/** Room enough that no body of the scenarios reaches the disk, and that it moves in few large reads. */
export const NGINX_TUNED = `
    client_body_buffer_size 128k;
    proxy_buffer_size 32k;
    proxy_buffers 32 32k;
    proxy_busy_buffers_size 256k;
    proxy_max_temp_file_size 0;`

/** Each stored answer is a file. */
export const NGINX_CACHE = `
    sendfile on;
    tcp_nopush on;
    proxy_cache stored;`

/** Files that were used stay open. */
export const NGINX_CACHE_TUNED = `${NGINX_CACHE}
    open_file_cache max=1000 inactive=1h;
    open_file_cache_valid 1h;`

export function nginxCommand(
  { port, upstream, http2, tls, cache }: ProxyPorts,
  folder: string,
  settings: string,
): Command {
  const file = join(folder, 'nginx.conf')
  // `master_process off`: one process, so that its accounting is the whole of nginx.
  writeFileSync(
    file,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
worker_rlimit_nofile 16384;
error_log stderr crit;
events { worker_connections 12000; }
http {
  access_log off;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
${cache ? `  proxy_cache_path ${folder}/stored levels=1:2 keys_zone=stored:10m inactive=1h use_temp_path=off;\n` : ''}  upstream origin {
    server 127.0.0.1:${upstream};
    keepalive 128;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port}${http2 === 'client' ? ' http2' : ''}${tls ? ` ssl;\n    ssl_certificate ${tls.cert};\n    ssl_certificate_key ${tls.key}` : ''};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;${settings}
    location / { proxy_pass http://origin; }
    location /websocket {
      proxy_set_header Connection upgrade;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_pass http://origin;
    }
  }
}
`,
  )
  return { file: 'nginx', args: ['-p', folder, '-e', 'stderr', '-c', file] }
}
