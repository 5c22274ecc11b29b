import type { Clock } from '../../src/core/clock.ts'
import {
  Body,
  type Endpoint,
  type Exchange,
  type Filter,
  type Outcome,
  onRequest,
  onResponse,
  ProxyError,
  pool,
  proxy,
  type RoutedProxy,
  respond,
} from '../../src/index.ts'
import { masked, pattern } from './pattern.ts'
import type { EndpointName, RequestPlan } from './plan.ts'

export const ENDPOINTS: readonly EndpointName[] = [
  'tidy',
  'choppy',
  'rude',
  'flaky',
  'refused',
  'unanswered',
  'unknown',
]
export const LISTENER_PORTS = [8080, 8081, 8082] as const
export const BUFFER_LIMIT = 30_000

/** What the proxy told of one exchange. */
export interface Record {
  begun: number
  readonly outcomes: { readonly outcome: Outcome; readonly atMs: number }[]
}

/** The proxy under test, and all that it says of itself. */
export class ChaosGateway {
  readonly records = new Map<number, Record>()
  readonly #plans: readonly RequestPlan[]
  readonly #clock: Clock

  constructor(plans: readonly RequestPlan[], clock: Clock) {
    this.#plans = plans
    this.#clock = clock
  }

  describe(): RoutedProxy {
    const limits = {
      headMs: 2_000,
      bodyIdleMs: 3_000,
      sendIdleMs: 4_000,
      keepAliveMs: 5_000,
      lingerMs: 500,
      drainBytes: 20_000,
      readAheadBytes: 20_000,
    }
    const times = { connectMs: 1_000, headMs: 3_000, bodyIdleMs: 2_000, sendIdleMs: 3_000, idleMs: 1_000 }
    const services = pool(
      ENDPOINTS.map((name) => `http://${name}:80`),
      { ...times, tunnelIdleMs: 6_000 },
    ).balance((candidates, exchange) => this.#endpointOf(candidates, exchange))
    const narrow = pool(['http://tidy:80'], { ...times, maxConnections: 2, maxPending: 3, pendingMs: 400 })
    let described = proxy().use(this.#observer())
    for (const port of LISTENER_PORTS) described = described.listen({ host: 'gateway', port, limits })
    return described
      .route('/plain/:id', services)
      .route('/narrow/:id', narrow)
      .route(
        '/steps/:id',
        onRequest((exchange) => {
          exchange.request.headers.set('X-Step', '1')
        }),
        onResponse(async (response) => {
          response.headers.set('X-Step', '2')
        }),
        services,
      )
      .route('/transform/:id', transform, services)
      .route('/replace/:id', replace, services)
      .route('/forget/:id', forget, services)
      .route('/retry/:id', retry, services)
      .route('/attempt/:id', services.use(attempt))
      .route('/throw-before/:id', throwBefore, services)
      .route('/throw-after/:id', throwAfter, services)
      .route('/throw-step/:id', throwingStep, services)
      .route('/buffer/:id', buffer, services)
      .route('/late/:id', this.#late(), services)
      .route('/echo/:id', (exchange) =>
        respond(200, exchange.request.body, { 'X-Chaos-Id': `${idOf(exchange)}` }),
      )
      .route('/own/:id', (exchange) => own(exchange, 200))
      .route('/own-stream/:id', (exchange) => {
        const id = idOf(exchange)
        return respond(200, this.#stream(this.#plans[id]!, false), { 'X-Chaos-Id': `${id}` })
      })
      .route('/own-broken/:id', (exchange) => {
        const id = idOf(exchange)
        return respond(200, this.#stream(this.#plans[id]!, true), { 'X-Chaos-Id': `${id}` })
      })
      .route('/abort/:id', aborting, services)
  }

  #observer(): Filter {
    return (exchange, next) => {
      const id = idOf(exchange)
      let record = this.records.get(id)
      if (record === undefined) {
        record = { begun: 0, outcomes: [] }
        this.records.set(id, record)
      }
      record.begun++
      const { outcomes } = record
      exchange.onComplete((outcome) => outcomes.push({ outcome, atMs: this.#clock.now() }))
      return next(exchange)
    }
  }

  #endpointOf(candidates: readonly Endpoint[], exchange: Exchange): Endpoint {
    const { endpoint } = this.#plans[idOf(exchange)]!
    return candidates[ENDPOINTS.indexOf(endpoint)]!
  }

  #late(): Filter {
    return async (exchange, next) => {
      await this.#sleep(30)
      const response = await next(exchange)
      await this.#sleep(30)
      return response
    }
  }

  async *#stream(plan: RequestPlan, breaks: boolean): AsyncGenerator<Uint8Array> {
    const { size } = plan.answer
    const bytes = pattern(plan.id, 'response', size)
    for (let at = 0; at < size; at += 9_000) {
      yield bytes.subarray(at, at + 9_000)
      if (at % 2 === 0) await this.#sleep(2)
      if (breaks && at * 2 >= size) break
    }
    if (breaks) throw new Error('planned')
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms))
  }
}

function idOf(exchange: Exchange): number {
  return Number(exchange.request.headers.get('x-chaos-id') ?? -1)
}

function own(exchange: Exchange, status: number): ReturnType<typeof respond> {
  const id = idOf(exchange)
  return respond(status, pattern(id, 'own', 300), { 'X-Chaos-Id': `${id}` })
}

const transform: Filter = async (exchange, next) => {
  exchange.request.body.transform(mask)
  const response = await next(exchange)
  response.body.transform(mask)
  return response
}

async function* mask(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield masked(chunk)
}

const replace: Filter = async (exchange, next) => {
  const response = await next(exchange)
  response.body.discard()
  response.tunnel?.abort()
  return own(exchange, 207)
}

/** Breaks the rule that whoever drops a body discards it. */
const forget: Filter = async (exchange, next) => {
  await next(exchange)
  return own(exchange, 207)
}

/** Forgets the first response too. */
const retry: Filter = async (exchange, next) => {
  const { method } = exchange.request
  if (method !== 'GET' && method !== 'HEAD') return next(exchange)
  try {
    const response = await next(exchange)
    if (response.status < 500) return response
  } catch (error) {
    if (error instanceof ProxyError && error.side === 'downstream') throw error
  }
  return next(exchange)
}

const attempt: Filter = (exchange, next) => {
  exchange.request.headers.set('X-Attempt', exchange.endpoint!.id)
  if (idOf(exchange) % 5 === 0) throw new Error('planned')
  return next(exchange)
}

const throwBefore: Filter = () => {
  throw new Error('planned')
}

const throwAfter: Filter = async (exchange, next) => {
  await next(exchange)
  throw new Error('planned')
}

/** Fails in the middle of the response's body. */
const throwingStep = onResponse((response) => {
  response.body.transform(async function* (chunks) {
    let size = 0
    for await (const chunk of chunks) {
      size += chunk.byteLength
      yield chunk
      if (size > 5_000) throw new Error('planned')
    }
  })
})

const buffer: Filter = async (exchange, next) => {
  const { request } = exchange
  request.body = Body.from(await request.body.buffer({ maxBytes: BUFFER_LIMIT }))
  return next(exchange)
}

/** Gives up by itself, before or after the response head. */
const aborting: Filter = async (exchange, next) => {
  if (idOf(exchange) % 2 === 0) exchange.abort()
  const response = await next(exchange)
  exchange.abort()
  return response
}
