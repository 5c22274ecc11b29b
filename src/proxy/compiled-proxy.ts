import { errorAnswer } from '../core/error-answer.ts'
import { withErrorFields } from '../core/error-fields.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import { compose, dispose, type Handler } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import type { Address } from '../core/network.ts'
import type { Observer, RefusedConnection } from '../core/observer.ts'
import { compileRoutes, type Router } from '../core/router.ts'
import type { Snapshot } from '../transport/listener-context.ts'
import { type Compilable, isCompilable } from '../transport/runtime.ts'
import type { CompiledTarget, CompiledTargets } from './compiled-targets.ts'
import type { ProxyDescription, RouteEntry } from './description.ts'

/** A description as one handler. Lives until it is retired and its last exchange is over. */
export class CompiledProxy implements Snapshot {
  readonly handler: Handler
  readonly #description: ProxyDescription
  readonly #targets: CompiledTargets
  readonly #observer: Observer | undefined
  readonly #used: Map<Compilable, CompiledTarget>
  #running = 0
  #retired = false

  /** `served` is the one that serves until this one does. */
  constructor(
    description: ProxyDescription,
    targets: CompiledTargets,
    observer?: Observer,
    served?: CompiledProxy,
  ) {
    this.#observer = observer
    this.#description = description
    this.#targets = targets
    const named = description.routes.map(({ target }) => target).filter(isCompilable)
    this.#used = targets.acquire(named, served?.targets ?? [])
    const router = routerOf(description, (route) => this.#routeHandler(route))
    this.handler = compose(description.filters, (exchange) => dispatch(router, exchange))
  }

  /** The pools that it uses. */
  get targets(): readonly CompiledTarget[] {
    return [...this.#used.values()]
  }

  /** Begins what pools do beside exchanges: probes. Not part of compiling, which opens nothing. */
  start(): void {
    for (const { compiled } of this.#used.values()) compiled.start()
  }

  /** It serves from now on: pools that go on under its description follow that. */
  takeOver(): void {
    for (const entry of this.#used.values()) this.#targets.takeOver(entry)
  }

  answerError(error: ProxyError, exchange: Exchange): ResponseMessage | Promise<ResponseMessage> {
    const { errorHandler } = this.#description
    const answer = errorHandler?.(error, exchange)
    if (answer === undefined) return errorAnswer(error, exchange)
    if (answer instanceof ResponseMessage) return withErrorFields(answer, exchange)
    return answer.then((it) =>
      it === undefined ? errorAnswer(error, exchange) : withErrorFields(it, exchange),
    )
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
    for (const entry of this.#used.values()) this.#targets.release(entry)
    this.#used.clear()
    const { filters, routes } = this.#description
    dispose(filters)
    for (const route of routes) dispose(route.filters)
  }

  #routeHandler({ filters, target }: RouteEntry): Handler {
    if (!isCompilable(target)) return compose(filters, target)
    return compose(filters, this.#used.get(target)!.compiled.handler)
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
