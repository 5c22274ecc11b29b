import { type ProxyDescription, withListener } from '../proxy/description.ts'
import type { RouteDescription } from '../proxy/route-listing.ts'
import type { TargetDescription } from '../transport/runtime.ts'
import type { LoadedFile } from './load-file.ts'

/** What would be served, without anything being opened. */
export interface Plan {
  /** As urls: `https://0.0.0.0:8443`. */
  readonly listeners: readonly string[]
  readonly routes: readonly RouteDescription[]
  /** All that requests are sent to, each once. */
  readonly upstreams: readonly TargetDescription[]
  /** What goes with the proxy, such as `admin`. */
  readonly companions: readonly string[]
  /** How many processes serve. */
  readonly workers: number | 'auto'
}

/** What the proxy of a file would serve. */
export function planOf(loaded: LoadedFile): Plan {
  const { app } = loaded
  const { listeners, companions } = withListener(app.description)
  return {
    listeners: listeners.map(listenerUrl),
    routes: app.routes,
    upstreams: upstreamsOf(app.routes),
    companions: companions.map(({ kind }) => kind),
    workers: loaded.kind === 'configuration' ? (loaded.configuration.workers ?? 1) : 1,
  }
}

/** Where a listener would listen; with port 0, that is not known yet. */
export function listenerUrl({ host, port, protocol, tls }: ProxyDescription['listeners'][number]): string {
  const [plain, secure] = protocol === 'tcp' ? ['tcp', 'tls'] : ['http', 'https']
  return `${tls === undefined ? plain : secure}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function upstreamsOf(routes: readonly RouteDescription[]): TargetDescription[] {
  const found = new Map<string, TargetDescription>()
  const add = (target: TargetDescription | undefined): void => {
    if (target === undefined) return
    if (target.kind !== 'handler') found.set(JSON.stringify(target), target)
    for (const used of target.uses ?? []) add(used)
    add(target.fallback)
  }
  for (const { target, uses = [] } of routes) for (const one of [target, ...uses]) add(one)
  return [...found.values()]
}
