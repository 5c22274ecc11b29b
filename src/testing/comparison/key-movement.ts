import type { Balancer, Endpoint } from '../../core/balancer.ts'
import type { Exchange } from '../../core/exchange.ts'
import { HeaderList } from '../../core/headers.ts'
import { endpoint } from '../endpoint.ts'
import { exchange } from '../exchange.ts'
import { seededRandom } from '../seeded-random.ts'
import type { LoadPlan } from '../simulation/load.ts'

/**
 * What becomes of keys (the different requests and clients of a load) when the pool changes, while nothing is in flight.
 * All numbers are parts of all keys, from 0 to 1.
 */
export interface KeyMovement {
  /** An endpoint leaves; the mean over endpoints that leave, each alone. */
  readonly onLeave: MovedKeys
  /** An endpoint of mean weight joins; the mean over several, each alone. */
  readonly onJoin: MovedKeys
}

export interface MovedKeys {
  /** Have another endpoint than before. */
  readonly moved: number
  /** Of these, the ones that need not have moved: they neither were on the endpoint that left, nor are on the one that joined. */
  readonly needless: number
}

/** Keys that are followed, and draws of a load to find them: popular keys come again and again. */
const KEYS = 2_000
const DRAWS = 10_000
/** Endpoints that leave; spread over the pool where it has more. */
const LEAVING = 20
const JOINING = 5

/**
 * @internal `undefined` for a balancer that does not choose by key: one that gives a key another endpoint though nothing has
 * changed, or all keys the same one.
 */
export function keyMovement(
  make: () => Balancer,
  members: readonly { readonly id: string; readonly weight: number }[],
  keys: readonly Exchange[],
  seed: number,
): KeyMovement | undefined {
  if (members.length < 2) return undefined
  const all = members.map(({ id, weight }) => endpoint({ id, weight }))
  const balancer = make()
  const random = seededRandom(seed)
  const place = (candidates: readonly Endpoint[], times = 1): Endpoint[] =>
    keys.flatMap((key) => Array.from({ length: times }, () => balancer(candidates, key, random)))

  const before = place(all)
  // Each twice in a row, not one pass after the other: turns can come round to where they were.
  const twice = place(all, 2)
  if (twice.some((it, i) => it !== twice[i - (i % 2)]) || new Set(twice).size === 1) return undefined
  const leaving = all.filter((_, i) => i % Math.ceil(all.length / LEAVING) === 0)
  const weight = all.reduce((sum, it) => sum + it.weight, 0) / all.length
  const joining = Array.from({ length: JOINING }, (_, i) =>
    endpoint({ id: `http://newcomer-${i + 1}`, weight }),
  )
  return {
    onLeave: mean(
      leaving.map((left) => {
        const after = place(all.filter((it) => it !== left))
        return moved(before, after, (was) => was === left)
      }),
    ),
    onJoin: mean(
      joining.map((newcomer) => moved(before, place([...all, newcomer]), (_was, is) => is === newcomer)),
    ),
  }
}

/** @internal One exchange for each different request of each client of a load: a key each. */
export function keysOf(plan: LoadPlan, seed: number): Exchange[] {
  const random = seededRandom(seed)
  const keys = new Map<string, Exchange>()
  for (let number = 0; number < DRAWS && keys.size < KEYS; number++) {
    const { url, method = 'GET', headers } = plan.requestOf(number, random)
    const from = number % plan.clients
    const client = `198.${18 + (from >> 16)}.${(from >> 8) & 0xff}.${from & 0xff}`
    const key = JSON.stringify([
      client,
      method,
      url,
      headers === undefined ? [] : [...HeaderList.from(headers)],
    ])
    if (!keys.has(key)) keys.set(key, exchange({ url, method, headers, client }))
  }
  return [...keys.values()]
}

function moved(
  before: readonly Endpoint[],
  after: readonly Endpoint[],
  must: (was: Endpoint, is: Endpoint) => boolean,
): MovedKeys {
  let all = 0
  let needless = 0
  for (const [i, was] of before.entries()) {
    const is = after[i]!
    if (was === is) continue
    all++
    if (!must(was, is)) needless++
  }
  return { moved: all / before.length, needless: needless / before.length }
}

function mean(some: readonly MovedKeys[]): MovedKeys {
  const over = (of: (it: MovedKeys) => number): number =>
    some.reduce((sum, it) => sum + of(it), 0) / some.length
  return { moved: over((it) => it.moved), needless: over((it) => it.needless) }
}
