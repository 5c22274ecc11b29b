import type { Timer } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { SteppedClock } from '../virtual-clock.ts'
import type { Call, CallResult } from './client-connections.ts'
import type { ClientRequest } from './client-request.ts'
import { type LoadPlan, type LoadResult, LoadTally } from './load.ts'

/** What a load needs of its simulation. */
export interface LoadHost {
  readonly clock: SteppedClock
  readonly random: Random
  /** Sends as one of the plan's clients, counted from 0. */
  send(client: number, request: ClientRequest, onResult: (result: CallResult) => void): Call
}

/** One load under way: sends what is due, whatever has become of what was sent before. */
export class LoadRun {
  readonly #plan: LoadPlan
  readonly #host: LoadHost
  readonly #tally = new LoadTally()
  readonly #startedAtMs: number
  readonly #result = Promise.withResolvers<LoadResult>()
  #nextAtMs: number
  #sent = 0
  #open = 0
  #timer: Timer | undefined

  constructor(plan: LoadPlan, host: LoadHost) {
    this.#plan = plan
    this.#host = host
    this.#startedAtMs = host.clock.now()
    this.#nextAtMs = this.#startedAtMs + (plan.poisson ? this.#gapMs() : 0)
    this.#sendDue()
  }

  get result(): Promise<LoadResult> {
    return this.#result.promise
  }

  /** Sends no more. */
  stop(): void {
    this.#timer?.clear()
    this.#timer = undefined
    this.#result.reject(new Error('sim.load: the simulation has ended'))
  }

  #gapMs(): number {
    const { gapMs, poisson } = this.#plan
    return poisson ? -Math.log(1 - this.#host.random()) * gapMs : gapMs
  }

  #sendDue(): void {
    const { clock } = this.#host
    const endsAtMs = this.#startedAtMs + this.#plan.durationMs
    while (this.#nextAtMs <= clock.now() && this.#nextAtMs < endsAtMs) {
      this.#send(this.#nextAtMs)
      this.#nextAtMs += this.#gapMs()
    }
    if (this.#nextAtMs < endsAtMs)
      this.#timer = clock.exactTimeout(() => this.#sendDue(), this.#nextAtMs - clock.now())
    else {
      this.#timer = undefined
      this.#finishIfOver()
    }
  }

  #send(dueAtMs: number): void {
    const { clock, random } = this.#host
    const { clients, patienceMs, requestOf } = this.#plan
    const number = this.#sent++
    this.#open++
    let patience: Timer | undefined
    const call = this.#host.send(number % clients, requestOf(number, random), (result) => {
      patience?.clear()
      this.#open--
      this.#count(dueAtMs, result)
      this.#finishIfOver()
    })
    if (patienceMs !== Number.POSITIVE_INFINITY) patience = clock.setTimeout(() => call.leave(), patienceMs)
  }

  #count(dueAtMs: number, result: CallResult): void {
    const endedAtMs = this.#host.clock.now()
    if (result.kind !== 'response') {
      this.#tally.add({ dueAtMs, endedAtMs, ended: result.kind === 'left' ? 'left' : 'broken' })
      return
    }
    const record = result.exchange
    const given = record?.attempts.findLast((it) => it.status !== undefined && it.error !== 'hedge_lost')
    const last = given ?? record?.attempts.at(-1)
    this.#tally.add({
      dueAtMs,
      endedAtMs,
      ended: result.message.complete ? 'response' : 'broken',
      status: result.status,
      result: record?.outcome?.result,
      error: record?.outcome?.error?.code,
      endpoint: last?.status === undefined ? undefined : last.endpoint,
    })
  }

  #finishIfOver(): void {
    if (this.#open === 0 && this.#timer === undefined)
      this.#result.resolve(this.#tally.result(this.#startedAtMs))
  }
}
