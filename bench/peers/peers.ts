import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './children.ts'
import { haproxyCommand } from './proxies/haproxy.ts'
import {
  NGINX_CACHE,
  NGINX_CACHE_TUNED,
  NGINX_DEFAULTS,
  NGINX_TUNED,
  nginxCommand,
  type ProxyPorts,
} from './proxies/nginx.ts'
import { varnishCommand } from './proxies/varnish.ts'
import { missingTool, versionOf } from './tools.ts'

/** One proxy under measurement, as one process. */
export interface Peer {
  name: string
  title: string
  /** Whether clients can come to it by HTTPS. */
  tls: boolean
  /** Whether it is measured with WebSockets. */
  websocket: boolean
  /** Whether it is measured where answers come from a cache; `alone`: nowhere else. */
  cache: boolean | 'alone'
  /** The sides on which it can speak HTTP/2 in clear text. */
  http2: readonly ('client' | 'upstream')[]
  /** The sentence that names what is missing and the command that installs it; undefined when it is all there. */
  missing(): string | undefined
  version(): string
  command(ports: ProxyPorts, folder: string): Command
}

const here = import.meta.dirname
const repository = join(here, '../..')

/** nginx comes first: the others are compared with it. */
export const peers: readonly Peer[] = [
  {
    name: 'nginx',
    title: 'nginx',
    tls: true,
    websocket: true,
    http2: ['client'],
    cache: true,
    missing: () => missingTool('nginx'),
    version: () => versionOf('nginx'),
    command: (ports, folder) => nginxCommand(ports, folder, ports.cache ? NGINX_CACHE : NGINX_DEFAULTS),
  },
  {
    name: 'nginx-tuned',
    title: 'nginx, tuned buffers',
    tls: true,
    websocket: true,
    http2: ['client'],
    cache: true,
    missing: () => missingTool('nginx'),
    version: () => versionOf('nginx'),
    command: (ports, folder) => nginxCommand(ports, folder, ports.cache ? NGINX_CACHE_TUNED : NGINX_TUNED),
  },
  {
    name: 'haproxy',
    title: 'HAProxy',
    tls: true,
    websocket: true,
    http2: ['client', 'upstream'],
    cache: false,
    missing: () => missingTool('haproxy'),
    version: () => versionOf('haproxy'),
    command: haproxyCommand,
  },
  {
    name: 'varnish',
    title: 'Varnish',
    tls: false,
    websocket: false,
    http2: [],
    cache: 'alone',
    missing: () => missingTool('varnishd'),
    version: () => versionOf('varnishd'),
    command: varnishCommand,
  },
  {
    name: 'gatewright',
    title: 'Gatewright',
    tls: true,
    websocket: true,
    http2: ['client', 'upstream'],
    cache: true,
    missing: missingBuild,
    version: () => packageVersion(repository),
    command: gatewrightCommand,
  },
  {
    name: 'gatewright-passing',
    title: 'Gatewright, without a cache',
    tls: false,
    websocket: false,
    http2: [],
    cache: 'alone',
    missing: missingBuild,
    version: () => packageVersion(repository),
    command: (ports) => gatewrightCommand({ ...ports, cache: false }),
  },
  nodePeer('http-proxy-3', 'http-proxy-3'),
  nodePeer('httpxy', 'httpxy'),
  nodePeer('fast-proxy', 'fast-proxy'),
  nodePeer('fastify', '@fastify/http-proxy'),
]

function gatewrightCommand(ports: ProxyPorts): Command {
  return nodeCommand(join(here, 'proxies/gatewright.ts'), ports, [
    ports.http2 === 'upstream' ? 'h2' : 'http/1.1',
    ports.cache ? 'cache' : 'pass',
    ...(ports.tls === undefined ? [] : [ports.tls.cert, ports.tls.key]),
  ])
}

/** A build that is older than the sources would be measured in their name. */
function missingBuild(): string | undefined {
  const build = join(repository, 'dist/index.js')
  if (!existsSync(build)) return 'Gatewright is not built: npm run build (in the repository)'
  const builtAt = statSync(build).mtimeMs
  const sources = globSync('src/**/*.ts', { cwd: repository, exclude: (path) => path.endsWith('.test.ts') })
  const isOlder = sources.some((path) => statSync(join(repository, path)).mtimeMs > builtAt)
  return isOlder ? 'the build of Gatewright is older than its sources: npm run build' : undefined
}

function nodePeer(name: string, packageName: string): Peer {
  const folder = join(here, 'node/node_modules', packageName)
  return {
    name,
    title: packageName,
    tls: false,
    websocket: false,
    http2: [],
    cache: false,
    missing: () =>
      existsSync(folder) ? undefined : `${packageName} is not installed: npm ci --prefix bench/peers/node`,
    version: () => packageVersion(folder),
    command: (ports) => nodeCommand(join(here, `node/${name}.ts`), ports),
  }
}

function nodeCommand(script: string, { port, upstream }: ProxyPorts, more: readonly string[] = []): Command {
  return {
    file: process.execPath,
    args: [script, String(port), String(upstream), ...more],
    env: { NODE_ENV: 'production' },
  }
}

function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}
