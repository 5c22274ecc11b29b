import type { EndpointSnapshot } from '../../core/endpoint-snapshot.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import { log } from '../../core/log.ts'
import { respondJson } from '../../core/message.ts'
import type { Duration } from '../../core/options.ts'
import type { PoolHandle } from '../../pool/pool-handle.ts'
import type { RunningProxy } from '../../proxy/running-proxy.ts'
import { printable } from '../printable.ts'
import { Refusal } from '../problem-answer.ts'
import { asAsked, type Command, readCommand, textMember } from './command.ts'
import { namesOf } from './names-of.ts'

/** `POST /api/endpoints/drain`: begins it, and answers before it has ended. */
export function drainCommand(proxy: RunningProxy): Handler {
  return steering(proxy, ['limitMs'], (pool, endpoint, { limitMs }) => {
    const drained = pool.drain(endpoint, limitMs === undefined ? {} : { limitMs: limitMs as Duration })
    drained.catch((error: unknown) =>
      log.error(printable(`admin: the drain of ${endpoint} has failed`), error),
    )
    return `drains ${endpoint} of the pool ${pool.name}`
  })
}

/** `POST /api/endpoints/readmit` */
export function readmitCommand(proxy: RunningProxy): Handler {
  return steering(proxy, [], (pool, endpoint) => {
    pool.readmit(endpoint)
    return `readmits ${endpoint} of the pool ${pool.name}`
  })
}

/** `POST /api/endpoints/weight` */
export function weightCommand(proxy: RunningProxy): Handler {
  return steering(proxy, ['weight'], (pool, endpoint, { weight }) => {
    pool.reweight(endpoint, weight as number)
    return `gives ${endpoint} of the pool ${pool.name} the weight ${String(weight)}`
  })
}

/** `act` says what it did. */
function steering(
  proxy: RunningProxy,
  more: readonly string[],
  act: (pool: PoolHandle, endpoint: string, command: Command) => string,
): Handler {
  return async (exchange: Exchange) => {
    const command = await readCommand(exchange, ['pool', 'endpoint', ...more])
    const [poolName, endpoint] = [textMember(command, 'pool'), textMember(command, 'endpoint')]
    const pool = poolNamed(proxy, poolName)
    const { id } = endpointOf(pool, endpoint)
    const done = await asAsked(() => act(pool, id, command))
    log.info(printable(`admin: ${exchange.client.address} ${done}`))
    return respondJson(200, endpointOf(pool, id))
  }
}

function poolNamed({ pools }: RunningProxy, name: string): PoolHandle {
  const [found, ...others] = pools.filter((pool) => pool.name === name)
  if (found === undefined) {
    const names = namesOf(pools.map((pool) => pool.name))
    throw new Refusal(404, 'Not found', `there is no pool of this name; those that there are: ${names}`)
  }
  if (others.length > 0)
    throw new Refusal(409, 'Conflict', 'several pools have this name: give each a "name" of its own')
  return found
}

function endpointOf({ endpoints }: PoolHandle, id: string): EndpointSnapshot {
  const found = endpoints.find((it) => it.id === id && it.state !== 'removed')
  if (found !== undefined) return found
  const ids = namesOf(endpoints.map((it) => it.id))
  throw new Refusal(404, 'Not found', `the pool has no endpoint of this id; those that it has: ${ids}`)
}
