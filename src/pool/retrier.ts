import type { Candidates, Endpoint } from '../core/balancer.ts'
import type { AttemptKind } from '../core/decision-record.ts'
import { ProxyError, type Sent, toProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Handler } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { wait } from '../core/wait.ts'
import type { Runtime } from '../transport/runtime.ts'
import { CancellableTry } from './cancellable-try.ts'
import { deadlineOf, PendingDeadline } from './deadline.ts'
import type { DeadlineSettings } from './deadline-options.ts'
import { drop, SparedResponse } from './drop-response.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { PreviousAttempts } from './grpc-retry.ts'
import type { HedgeSettings } from './hedge-options.ts'
import { HedgedRace } from './hedged-race.ts'
import { Hedger } from './hedger.ts'
import { isRefusal } from './refusal.ts'
import { isRepeatable } from './repeatable.ts'
import { RetryDecision } from './retry-decision.ts'
import type { RetrySettings } from './retry-options.ts'
import { further, TriedExchange } from './tried-exchange.ts'

/** What a retrier needs of its pool. */
export interface AttemptMaker {
  /** The endpoints that an attempt of this kind may be made at now. */
  candidates(exchange: Exchange, kind: AttemptKind): Candidates
  /** One that was not tried, where there is one. @throws `no_endpoint` */
  pick(exchange: Exchange, tried: readonly PoolEndpoint[], kind: AttemptKind): PoolEndpoint
  /** Tries an endpoint. Not through the pool's filters. */
  readonly send: (exchange: Exchange, endpoint: PoolEndpoint) => Promise<ResponseMessage>
  /** The same, through the pool's filters, where it has some. */
  readonly viaFilters: Handler | undefined
  /** Whether some of these are of one endpoint each, and may refuse where another endpoint's do not. */
  readonly perEndpoint: boolean
}

/** So often another endpoint is picked because the filters of one let nothing through. Where all do, it must not be dear. */
const MAX_REFUSALS = 10

/** Made once: nobody is shown it, and a stack of its own would be dear. */
const NONE_FOLLOWS = new ProxyError('exchange_aborted', { detail: 'no attempt follows' })

/** What is told of an attempt when none is let through after it. */
interface Met {
  readonly endpoint: Endpoint | undefined
  readonly thrown: unknown
}

/**
 * Makes attempts for an exchange, until one gives a response to pass on or no further one may follow. It is over with the
 * head of that response, so nothing is sent again once a byte of an answer has gone to the client.
 */
export class Retrier {
  readonly #settings: RetrySettings
  readonly #runtime: Runtime
  readonly #maker: AttemptMaker
  readonly #decision: RetryDecision
  readonly #hedger: Hedger | undefined
  readonly #deadline: DeadlineSettings | undefined

  /** Without `hedge` and `deadline`, attempts follow one another and have no time in common. */
  constructor(
    settings: RetrySettings,
    runtime: Runtime,
    maker: AttemptMaker,
    hedge?: HedgeSettings,
    deadline?: DeadlineSettings,
  ) {
    this.#settings = settings
    this.#hedger = hedge === undefined ? undefined : new Hedger(hedge, runtime)
    this.#deadline = deadline
    this.#runtime = runtime
    this.#maker = maker
    this.#decision = new RetryDecision(settings, runtime)
  }

  serve(exchange: Exchange): Promise<ResponseMessage> {
    const given = this.#deadline === undefined ? undefined : deadlineOf(exchange, this.#deadline)
    if (given === undefined) return this.#tryAll(exchange, undefined)
    const deadline = new PendingDeadline(exchange, given, this.#runtime.clock)
    return deadline.guard(this.#tryAll(exchange, deadline))
  }

  async #tryAll(exchange: Exchange, deadline: PendingDeadline | undefined): Promise<ResponseMessage> {
    this.#decision.requestCame()
    const repeatable = isRepeatable(exchange.request, this.#settings)
    // A second attempt beside another one is made once for a request, however often it is tried.
    let mayHedge = this.#hedger?.admits(exchange) === true
    const hasViews = this.#maker.viaFilters !== undefined || mayHedge || deadline !== undefined
    const previous =
      this.#settings.grpcStatuses.size > 0 ? PreviousAttempts.of(exchange.request.headers) : undefined
    this.#keepBody(exchange, repeatable || previous !== undefined, hasViews)
    const { send, viaFilters } = this.#maker
    const tried: PoolEndpoint[] = []
    let refusals = 0
    /** What the attempt before has met: the answer, if no further one is let through. */
    let before: Met | undefined
    let spared: SparedResponse | undefined
    try {
      for (let number = 1; ; number++) {
        const endpoint = this.#maker.pick(exchange, tried, number === 1 ? 'first' : 'retry')
        if (!tried.includes(endpoint)) tried.push(endpoint)
        exchange.endpoint = endpoint
        let view: TriedExchange | undefined
        let race: HedgedRace | undefined
        let response: ResponseMessage | undefined
        let thrown: unknown
        try {
          if (mayHedge) {
            race = this.#race(exchange, tried, deadline, spared)
            response = await race.run(this.#cancellable(exchange, endpoint, deadline, spared))
          } else if (deadline !== undefined) {
            const one = this.#cancellable(exchange, endpoint, deadline, spared)
            view = one
            response = await this.#sendView(one)
          } else if (viaFilters !== undefined) {
            view = new TriedExchange(exchange, endpoint, spared)
            response = await viaFilters(view)
          } else response = await send(exchange, endpoint)
          // What is no response at all is named by whoever called the pool.
          if (!this.#decision.looksAtResponses || !(response instanceof ResponseMessage)) return response
        } catch (error) {
          thrown = error
        }
        if (race?.hedged === true) mayHedge = false
        if (isRefusal(thrown) && this.#passesOver(race ?? view)) {
          for (const { at, code } of race?.refused ?? [{ at: endpoint, code: thrown.code }]) {
            this.#runtime.observer?.endpointRefused?.(exchange.origin, at, code)
            exchange.recording?.passOver(at, code)
            refusals++
          }
          if (deadline?.expired !== true && refusals <= MAX_REFUSALS && this.#hasAnother(exchange, tried)) {
            // It was no attempt: nothing of it has left the proxy.
            number--
            continue
          }
          // What the attempt before has met says more of the service, if it is still there.
          const answer = spared?.take()
          if (before === undefined || (answer === undefined && before.thrown === undefined)) throw thrown
          exchange.endpoint = before.endpoint
          if (answer !== undefined) return answer
          throw before.thrown
        }
        before = { endpoint: exchange.endpoint, thrown }
        const ending = { sent: furthest(race ?? view, response, thrown), response, thrown }
        const delayMs =
          deadline?.expired === true
            ? undefined
            : this.#decision.delayMs(exchange, ending, number, repeatable, () =>
                hasUntried(this.#maker.candidates(exchange, 'retry'), tried),
              )
        if (delayMs === undefined) {
          if (response === undefined) throw thrown
          return response
        }
        spared?.letGo()
        spared = undefined
        if (response !== undefined) {
          // Else before the wait, so that its lease does not last as long.
          if (this.#maker.perEndpoint) spared = new SparedResponse(response)
          else drop(response)
        }
        previous?.made(number)
        await wait(delayMs, exchange, this.#runtime.clock)
        // The client was answered meanwhile.
        if (deadline?.expired === true) throw NONE_FOLLOWS
      }
    } finally {
      spared?.letGo()
      exchange.request.body.settle(NONE_FOLLOWS)
    }
  }

  /** Whether a refusal is that of one endpoint. */
  #passesOver(one: { readonly sent: Sent } | undefined): boolean {
    return this.#maker.perEndpoint && one?.sent === 'none'
  }

  /** Whether the request can be given to an endpoint that was not tried. */
  #hasAnother(exchange: Exchange, tried: readonly PoolEndpoint[]): boolean {
    if (exchange.abortReason !== undefined || exchange.over || !exchange.request.body.resendable) return false
    return hasUntried(this.#maker.candidates(exchange, 'retry'), tried)
  }

  #race(
    exchange: Exchange,
    tried: PoolEndpoint[],
    deadline: PendingDeadline | undefined,
    spared: SparedResponse | undefined,
  ): HedgedRace {
    const hedger = this.#hedger!
    return new HedgedRace(exchange, hedger, {
      send: (one) => this.#sendView(one),
      another: (delayMs) => {
        if (deadline?.expired === true || !hasUntried(this.#maker.candidates(exchange, 'hedge'), tried))
          return undefined
        if (!hedger.grants(exchange, delayMs)) return undefined
        const endpoint = this.#maker.pick(exchange, tried, 'hedge')
        tried.push(endpoint)
        return this.#cancellable(exchange, endpoint, deadline, spared)
      },
    })
  }

  #cancellable(
    exchange: Exchange,
    endpoint: PoolEndpoint,
    deadline: PendingDeadline | undefined,
    spared: SparedResponse | undefined,
  ): CancellableTry {
    const one = new CancellableTry(exchange, endpoint, spared)
    deadline?.began(one)
    return one
  }

  async #sendView(one: CancellableTry): Promise<ResponseMessage> {
    const { send, viaFilters } = this.#maker
    return await (viaFilters === undefined ? send(one, one.at) : viaFilters(one))
  }

  #keepBody({ request: { body } }: Exchange, repeatable: boolean, hasViews: boolean): void {
    if (!body.resendable) return
    if (repeatable && this.#settings.attempts > 1) body.replay({ maxBytes: this.#settings.replayBytes })
    // Views have a body for each attempt, and these must know when one of them has been read.
    else if (hasViews) body.replay({ maxBytes: 0 })
  }
}

/** How far the request has got, by what the connections say where filters may have made another error of it. */
function furthest(
  view: { readonly sent: Sent } | undefined,
  response: ResponseMessage | undefined,
  thrown: unknown,
): Sent {
  if (response !== undefined) return view === undefined ? 'response' : view.sent
  return further(view?.sent ?? 'none', toProxyError(thrown).sent)
}

function hasUntried(candidates: Candidates, tried: readonly PoolEndpoint[]): boolean {
  return candidates.some((it) => !tried.includes(it as PoolEndpoint))
}
