import { pathToFileURL } from 'node:url'
import type { Exchange } from 'gatewright'
import { exchange } from 'gatewright/testing'
import { Bench } from 'tinybench'
import { normalizePath } from '../src/core/path.ts'
import { compileRoutes } from '../src/core/router.ts'

const RESOURCES = [
  'users',
  'orders',
  'products',
  'invoices',
  'sessions',
  'reports',
  'events',
  'teams',
  'roles',
  'tags',
]
const VERBS = ['archive', 'settings', 'history', 'members', 'export']

/** Routes as a gateway has them: some services, each with some resources, half of the routes with a parameter. */
export function gatewayRoutes(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const resource = `/api/service${Math.floor(i / 20)}/${RESOURCES[Math.floor(i / 2) % 10]}`
    return i % 2 === 0 ? resource : `${resource}/:id/${VERBS[i % 5]}`
  })
}

/** Nanoseconds per look-up, and per normalization. */
export async function run({ smoke = false }: { smoke?: boolean } = {}): Promise<Record<string, number>> {
  const bench = new Bench(smoke ? { time: 1, iterations: 1, warmup: false } : { time: 300, warmupTime: 100 })
  for (const count of [10, 100, 1000]) {
    const routes = gatewayRoutes(count)
    const router = compileRoutes(routes.map((match, value) => ({ match, value })))
    const middle = count / 2
    const add = (name: string, path: string) => {
      const exchange = exchangeFor(path)
      bench.add(`${count} routes, ${name}`, () => router.find(exchange))
    }
    add('static', routes[middle]!)
    add('param', routes[middle + 1]!.replace(':id', '8471'))
    add('miss', `/api/service${Math.floor(middle / 20)}/unknown/8471`)
  }
  bench.add('normalizePath, plain', () => normalizePath('/api/service3/users/8471/settings'))
  bench.add('normalizePath, encoded', () => normalizePath('/api/service3/users/a%20b%2Fc/settings'))
  await bench.run()
  const figures: Record<string, number> = {}
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed') throw new Error(`bench: "${name}" ended as ${result.state}`)
    figures[name] = Math.round(result.latency.p50 * 1e6)
  }
  return figures
}

function exchangeFor(target: string): Exchange {
  return exchange({ url: `http://api.example.com${target}` })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.table(await run({ smoke: process.argv.includes('--smoke') }))
}
