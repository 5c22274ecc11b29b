import { ProxyError } from '../core/errors.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import { compose, type Handler } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import type { Address } from '../core/network.ts'
import type { Observer, RefusedConnection } from '../core/observer.ts'
import { problemResponse } from '../core/problem.ts'
import { compileRoutes, type Router } from '../core/router.ts'
import type { Snapshot } from '../transport/listener-context.ts'
import { type Compilable, type Compiled, isCompilable, type Runtime } from '../transport/runtime.ts'
import type { ProxyDescription, RouteEntry } from './description.ts'

/**
 * The pools that run, by their descriptions: a pool that two routes name, or that a reload brings again, is one pool with
 * one set of numbers.
 */
export class CompiledTargets {
  readonly #runtime: Runtime
  readonly #entries = new Map<Compilable, { readonly compiled: Compiled; users: number }>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  acquire(target: Compilable): Compiled {
    let entry = this.#entries.get(target)
    if (entry === undefined) {
      entry = { compiled: target.compile(this.#runtime), users: 0 }
      this.#entries.set(target, entry)
    }
    entry.users++
    return entry.compiled
  }

  /** Begins what a target does beside exchanges. */
  start(target: Compilable): void {
    this.#entries.get(target)?.compiled.start()
  }

  release(target: Compilable): void {
    const entry = this.#entries.get(target)
    if (entry === undefined || --entry.users > 0) return
    this.#entries.delete(target)
    entry.compiled.close()
  }
}

/** A description as one handler. Lives until it is retired and its last exchange is over. */
export class CompiledProxy implements Snapshot {
  readonly handler: Handler
  readonly #description: ProxyDescription
  readonly #targets: CompiledTargets
  readonly #observer: Observer | undefined
  readonly #used: Compilable[] = []
  #running = 0
  #retired = false

  constructor(description: ProxyDescription, targets: CompiledTargets, observer?: Observer) {
    this.#observer = observer
    this.#description = description
    this.#targets = targets
    const router = routerOf(description, (route) => this.#routeHandler(route))
    this.handler = compose(description.filters, (exchange) => dispatch(router, exchange))
  }

  /** Begins what pools do beside exchanges: probes. Not part of compiling, which opens nothing. */
  start(): void {
    for (const target of this.#used) this.#targets.start(target)
  }

  answerError(error: ProxyError, exchange: Exchange): ResponseMessage | Promise<ResponseMessage> {
    const { errorHandler } = this.#description
    if (errorHandler === undefined) return problemResponse(error)
    const answer = errorHandler(error, exchange)
    if (answer instanceof ResponseMessage) return answer
    return answer === undefined ? problemResponse(error) : answer.then((it) => it ?? problemResponse(error))
  }

  report(error: ProxyError, exchange: Exchange | undefined): void {
    const where =
      exchange === undefined
        ? ''
        : ` (${exchange.request.method} ${exchange.request.path}, exchange ${exchange.id})`
    console.error(`gatewright: ${error.message}${where}`, error.cause ?? error)
  }

  enter(exchange: Exchange): void {
    this.#running++
    this.#observer?.exchangeBegan?.(exchange)
  }

  leave(exchange: Exchange, outcome: Outcome): void {
    this.#running--
    if (this.#retired && this.#running === 0) this.#close()
    this.#observer?.exchangeEnded?.(exchange, outcome)
  }

  refused(error: ProxyError, peer: Address): void {
    this.#observer?.requestRefused?.(error, peer)
  }

  connectionRefused(refused: RefusedConnection): void {
    this.#observer?.connectionRefused?.(refused)
  }

  /** Another one serves from now on. */
  retire(): void {
    this.#retired = true
    if (this.#running === 0) this.#close()
  }

  #close(): void {
    for (const target of this.#used.splice(0)) this.#targets.release(target)
  }

  #routeHandler({ filters, target }: RouteEntry): Handler {
    if (!isCompilable(target)) return compose(filters, target)
    this.#used.push(target)
    return compose(filters, this.#targets.acquire(target).handler)
  }
}

export function routerOf<T>(description: ProxyDescription, value: (route: RouteEntry) => T): Router<T> {
  const { routes, caseSensitivePaths, dangerouslyAllowAmbiguousPaths } = description
  return compileRoutes(
    routes.map((route) => ({ match: route.match, value: value(route) })),
    { caseSensitive: caseSensitivePaths, dangerouslyAllowAmbiguousPaths },
  )
}

function dispatch(router: Router<Handler>, exchange: Exchange): Promise<ResponseMessage> | ResponseMessage {
  const found = router.find(exchange)
  switch (found.kind) {
    case 'found':
      exchange.route = found.route
      exchange.params = found.params
      return found.value(exchange)
    case 'not-found':
      throw new ProxyError('route_not_found')
    case 'method-not-allowed':
      throw new ProxyError('method_not_allowed', { headers: { Allow: found.allow.join(', ') } })
    case 'ambiguous':
      throw new ProxyError('request_malformed', { detail: 'a path that can be read in two ways' })
  }
}
