import { errorAnswer } from '../core/error-answer.ts'
import { withErrorFields } from '../core/error-fields.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import { exchangeInWords } from '../core/exchange-in-words.ts'
import { compose, dispose, type Handler } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import type { Address } from '../core/network.ts'
import type { RefusedConnection } from '../core/observer.ts'
import { compileRoutes, type Router } from '../core/router.ts'
import { type Beside, type CallKeeper, type SideCall, SideCalls } from '../core/side-call.ts'
import { type CallTarget, usedBy } from '../core/target.ts'
import { RunningPool } from '../pool/running-pool.ts'
import type { Snapshot } from '../transport/listener-context.ts'
import { type Compilable, isCompilable } from '../transport/runtime.ts'
import type { CompiledTarget, CompiledTargets } from './compiled-targets.ts'
import { connectHandler } from './connect-handler.ts'
import type { ProxyDescription, RouteEntry } from './description.ts'

/** A description as one handler. Lives until it is retired and its last exchange is over. */
export class CompiledProxy implements Snapshot, CallKeeper {
  readonly handler: Handler
  readonly beside: Beside = new SideCalls(this)
  readonly connects: boolean
  /** Called when its last exchange is over. */
  onClosed: (() => void) | undefined
  readonly #description: ProxyDescription
  readonly #targets: CompiledTargets
  readonly #used: Map<Compilable, CompiledTarget>
  #running = 0
  #retired = false
  #closed = false

  /** `served` is the one that serves until this one does. */
  constructor(description: ProxyDescription, targets: CompiledTargets, served?: CompiledProxy) {
    this.#description = description
    this.#targets = targets
    this.#used = targets.acquire(targetsOfProxy(description), served?.targets ?? [])
    const router = routerOf(description, (route) => this.#routeHandler(route))
    const { connect } = description
    this.connects = connect !== undefined
    const connected = connect && connectHandler(connect, targets.runtime)
    this.handler = compose(description.filters, (exchange) =>
      connected !== undefined && exchange.request.method === 'CONNECT'
        ? connected(exchange)
        : dispatch(router, exchange),
    )
  }

  /** The pools that it uses. */
  get targets(): readonly CompiledTarget[] {
    return [...this.#used.values()]
  }

  /** The same, of pools alone. */
  get pools(): readonly RunningPool[] {
    return this.targets.flatMap(({ compiled }) => (compiled instanceof RunningPool ? [compiled] : []))
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
    if (answer instanceof ResponseMessage) return withErrorFields(answer, error, exchange)
    return answer.then((it) =>
      it === undefined ? errorAnswer(error, exchange) : withErrorFields(it, error, exchange),
    )
  }

  report(error: ProxyError, exchange: Exchange | undefined): void {
    const where = exchange === undefined ? '' : ` (${exchangeInWords(exchange)})`
    this.#targets.runtime.log.error(`${error.message}${where}`, error.cause ?? error)
  }

  enter(exchange: Exchange): void {
    this.#running++
    this.#targets.runtime.observer?.exchangeBegan?.(exchange)
  }

  answered(exchange: Exchange, response: ResponseMessage): void {
    this.#targets.runtime.observer?.exchangeAnswered?.(exchange, response)
  }

  leave(exchange: Exchange, outcome: Outcome): void {
    this.#left()
    this.#targets.runtime.observer?.exchangeEnded?.(exchange, outcome)
  }

  handlerOf(target: CallTarget): Handler {
    return this.#targets.handlerOf(target)
  }

  /** It lives as long as what was begun on it, as with exchanges of clients. */
  callBegan(call: SideCall): void {
    if (this.#closed) throw new ProxyError('proxy_closed')
    this.#targets.callBegan(call)
    this.#running++
  }

  callEnded(call: SideCall): void {
    this.#targets.callEnded(call)
    this.#left()
  }

  refused(error: ProxyError, peer: Address): void {
    this.#targets.runtime.observer?.requestRefused?.(error, peer)
  }

  connectionRefused(refused: RefusedConnection): void {
    this.#targets.runtime.observer?.connectionRefused?.(refused)
  }

  /** Another one serves from now on. */
  retire(): void {
    this.#retired = true
    if (this.#running === 0) this.#close()
  }

  #left(): void {
    this.#running--
    if (this.#retired && this.#running === 0) this.#close()
  }

  #close(): void {
    this.#closed = true
    this.onClosed?.()
    for (const entry of this.#used.values()) this.#targets.release(entry)
    this.#used.clear()
    const { filters, routes, connect } = this.#description
    dispose(filters)
    if (connect !== undefined) dispose(connect.filters)
    for (const { filters, target } of routes) {
      dispose(filters)
      if (!isCompilable(target)) dispose([target])
    }
  }

  #routeHandler({ filters, target }: RouteEntry): Handler {
    if (!isCompilable(target)) return compose(filters, target)
    return compose(filters, this.#used.get(target)!.compiled.handler)
  }
}

/** Whatever answers its routes, and whatever its filters call. */
function* targetsOfProxy({ filters, routes, connect }: ProxyDescription): Iterable<CallTarget> {
  yield* usedBy(filters)
  if (connect !== undefined) yield* usedBy(connect.filters)
  for (const route of routes) {
    yield* usedBy(route.filters)
    yield route.target
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
