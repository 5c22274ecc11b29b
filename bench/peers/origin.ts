import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, freePort, start, temporaryFolder, untilReady } from './children.ts'
import { fetchOnce } from './fetch-once.ts'

/** The service behind every proxy, the same for all: nginx for downloads, `sink.ts` for uploads and a few more. */
export interface Origin {
  /** Without nginx the first two are the sink, and nobody speaks HTTP/2. */
  ports: { nginx: number; sink: number; 'nginx-h2': number | undefined }
  description: string
  children: readonly Child[]
}

export async function startOrigin(hasNginx: boolean, cpus?: string): Promise<Origin> {
  const sinkPort = await freePort()
  const sink = start(
    { file: process.execPath, args: [join(import.meta.dirname, 'sink.ts'), String(sinkPort)] },
    cpus,
  )
  await untilReady(sink, async () => (await fetchOnce(sinkPort, '/1k')).status === 200)
  if (!hasNginx) {
    return {
      ports: { nginx: sinkPort, sink: sinkPort, 'nginx-h2': undefined },
      description: 'sink.ts (nginx is missing)',
      children: [sink],
    }
  }
  const nginxPort = await freePort()
  const http2Port = await freePort()
  const folder = temporaryFolder()
  writeFileSync(join(folder, '64k'), Buffer.alloc(64 * 1024, 'x'))
  writeFileSync(join(folder, '1m'), Buffer.alloc(1024 * 1024, 'x'))
  writeFileSync(join(folder, 'nginx.conf'), configuration(nginxPort, http2Port, folder))
  const nginx = start(
    { file: 'nginx', args: ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')] },
    cpus,
  )
  await untilReady(nginx, async () => (await fetchOnce(nginxPort, '/1k')).status === 200)
  return {
    ports: { nginx: nginxPort, sink: sinkPort, 'nginx-h2': http2Port },
    description: 'nginx; sink.ts (node:net) for uploads and new connections',
    children: [sink, nginx],
  }
}

function configuration(port: number, http2Port: number, folder: string): string {
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
worker_rlimit_nofile 16384;
error_log stderr crit;
events { worker_connections 12000; }
http {
  access_log off;
  default_type text/plain;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=10 inactive=1h;
  open_file_cache_valid 1h;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${http2Port} http2;
    root ${folder};
    add_header Cache-Control "public, max-age=60";
    location = /1k { return 200 "${'x'.repeat(1024)}"; }
    location = /64k { }
    location = /1m { }
  }
}
`
}
