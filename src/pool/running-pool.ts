import type { Candidates } from '../core/balancer.ts'
import type { AttemptKind } from '../core/decision-record.ts'
import { ProxyError } from '../core/errors.ts'
import { AttemptExchange, type Exchange } from '../core/exchange.ts'
import { compose, dispose, type Handler } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import { withoutStack } from '../core/without-stack.ts'
import { refuseLoop } from '../transport/outgoing-head.ts'
import type { Compiled, Runtime } from '../transport/runtime.ts'
import { PoolEndpoint } from './endpoint.ts'
import { Fallback } from './fallback.ts'
import { type FilterPlace, filterPlaces } from './filter-places.ts'
import { lastRecipientAnswer } from './max-forwards.ts'
import { Members } from './members.ts'
import { MembersHandle } from './members-handle.ts'
import type { PoolDescription } from './pool-description.ts'
import type { PoolHandle } from './pool-handle.ts'
import { PooledAttempt } from './pooled-attempt.ts'
import { recordedPick } from './recorded-pick.ts'
import { type AttemptMaker, Retrier } from './retrier.ts'
import type { RetrySettings } from './retry-options.ts'
import { TimedAttempt } from './timed-attempt.ts'
import { TriedExchange } from './tried-exchange.ts'

const NONE: readonly PoolEndpoint[] = []

/**
 * A pool that was compiled: how exchanges are served, as one description has it. Its endpoints may be those of a pool that
 * runs under another description already.
 */
export class RunningPool implements Compiled {
  readonly handler: Handler
  readonly members: Members
  /** The same for all that have these endpoints. */
  readonly handle: PoolHandle
  readonly #runtime: Runtime
  readonly #description: PoolDescription
  readonly #viaFilters: Handler | undefined
  readonly #retrier: Retrier | undefined

  /** `before` is the pool whose endpoints it goes on with. */
  constructor(description: PoolDescription, runtime: Runtime, before?: RunningPool) {
    const { name, guards, filters, endpointFilters, retry, hedge, deadline, fallback } = description
    this.#description = description
    this.#runtime = runtime
    this.members = before?.members ?? new Members(description, runtime)
    this.handle = before?.handle ?? new MembersHandle(this.members, runtime.clock)
    this.members.acquire(description)
    const guarded = compose(guards, (exchange) => this.#handle(exchange))
    this.handler = fallback === undefined ? guarded : new Fallback(fallback, name, guarded, runtime).handler
    if (filters.length > 0) {
      this.#viaFilters = compose(filters, (attempt) => this.#send(attempt, attempt.endpoint as PoolEndpoint))
    }
    if (retry !== undefined) {
      const maker: AttemptMaker = {
        candidates: (exchange, kind) => this.#served(exchange, kind),
        pick: (exchange, tried, kind) => this.#pick(exchange, this.#from(exchange, tried), tried, kind),
        send: (exchange, endpoint) => this.#send(exchange, endpoint),
        viaFilters: this.#viaFilters,
        perEndpoint: endpointFilters.length > 0,
      }
      this.#retrier = new Retrier(retry, runtime, maker, hedge, deadline)
    }
  }

  start(): void {
    this.members.start()
  }

  takeOver(): void {
    this.members.follow(this.#description)
  }

  /** Whether an endpoint is fit to serve. One that is chosen although it is not, because none is, does not count. */
  get fit(): boolean {
    return this.members.fit
  }

  /** Its filters, of guards and attempts, and of the endpoints that it has now. */
  get filterPlaces(): readonly FilterPlace[] {
    return filterPlaces(this.#description, this.members)
  }

  close(): void {
    const { guards, filters } = this.#description
    dispose(guards)
    dispose(filters)
    this.members.release(this.#description)
  }

  #handle(exchange: Exchange): Promise<ResponseMessage> | ResponseMessage {
    const { via } = this.#description
    if (via !== undefined) refuseLoop(exchange.request.headers, via)
    const answer = lastRecipientAnswer(exchange.request)
    if (answer !== undefined) return answer
    if (this.#retrier !== undefined) return this.#retrier.serve(exchange)
    const endpoint = this.#pick(exchange, this.#from(exchange, NONE))
    if (this.#viaFilters === undefined) {
      exchange.endpoint = endpoint
      return this.#send(exchange, endpoint)
    }
    return this.#viaFilters(new AttemptExchange(exchange, endpoint))
  }

  /** What an attempt chooses from. */
  #from(exchange: Exchange, tried: readonly PoolEndpoint[]): Candidates {
    const { preference } = exchange
    const { snapshot } = this.members
    if (preference !== undefined) {
      const preferred = preference.among(snapshot.servingFor(exchange))
      if (preferred !== undefined && (preference.strict || !tried.includes(preferred[0] as PoolEndpoint)))
        return preferred
    }
    return snapshot.from(exchange, tried)
  }

  /** All that may be chosen, by whichever attempt of a kind. A second one beside another would take a session elsewhere. */
  #served(exchange: Exchange, kind: AttemptKind): Candidates {
    const { preference } = exchange
    const serving = this.members.snapshot.servingFor(exchange)
    if (preference === undefined || !(preference.strict || kind === 'hedge')) return serving
    return preference.among(serving) ?? serving
  }

  #send(exchange: Exchange, endpoint: PoolEndpoint): Promise<ResponseMessage> {
    return new Promise((resolve, reject) => {
      if (exchange.abortReason !== undefined || exchange.over) {
        reject(exchange.abortReason ?? new ProxyError('exchange_aborted', { detail: 'it is over' }))
        return
      }
      const { retry } = this.#description
      endpoint.connector.send(
        retry === undefined
          ? new PooledAttempt(
              exchange,
              exchange.request,
              endpoint,
              endpoint.policyOf(this.#description),
              this.#runtime,
              resolve,
              reject,
            )
          : this.#retryableAttempt(retry, exchange, endpoint, resolve, reject),
      )
    })
  }

  #retryableAttempt(
    { perAttemptMs }: RetrySettings,
    exchange: Exchange,
    endpoint: PoolEndpoint,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ): PooledAttempt {
    const policy = endpoint.policyOf(this.#description)
    const attempt =
      perAttemptMs === Number.POSITIVE_INFINITY
        ? new PooledAttempt(exchange, exchange.request, endpoint, policy, this.#runtime, resolve, reject)
        : new TimedAttempt(exchange, endpoint, policy, this.#runtime, perAttemptMs, resolve, reject)
    if (exchange instanceof TriedExchange) exchange.began(attempt)
    return attempt
  }

  #pick(
    exchange: Exchange,
    candidates: Candidates,
    tried: readonly PoolEndpoint[] = NONE,
    kind: AttemptKind = 'first',
  ): PoolEndpoint {
    const { recording } = exchange
    if (recording === undefined) return this.#choose(exchange, candidates)
    const { name: pool, balancer } = this.#description
    const situation = { kind, pool, balancer, exchange, candidates, tried, members: this.members }
    return recordedPick(recording, situation, () => this.#choose(exchange, candidates))
  }

  #choose(exchange: Exchange, candidates: Candidates): PoolEndpoint {
    if (candidates.length === 0) throw withoutStack(() => new ProxyError('no_endpoint'))
    this.members.settle()
    const picked = this.#description.balancer(candidates, exchange, this.#runtime.random)
    // By marks on the endpoint, not by a look-up in this array: so any part of the candidates can be chosen from as well.
    if (picked instanceof PoolEndpoint && picked.members === this.members && picked.candidate) return picked
    // A subset without a fit endpoint serves with all that it has, which are no candidates of the pool's.
    if (this.members.snapshot.inParts && candidates.includes(picked)) return picked as PoolEndpoint
    throw new TypeError(`the balancer of ${this.#description.name} must return one of its candidates`)
  }
}
