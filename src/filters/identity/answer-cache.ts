import type { Clock, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Abortable, Exchange } from '../../core/exchange.ts'
import { KeptAnswers } from './kept-answers.ts'

/** What was found out, and for how long it may be used. */
export interface Answer<T> {
  readonly value: T
  readonly keepMs: number
  /** About what the value takes. */
  readonly bytes: number
}

export interface AnswerCacheOptions {
  /** Answers that are kept, of 2 KiB on average; the one not used for longest goes first. */
  readonly max: number
  /** Questions that may be open at once. */
  readonly maxOpen: number
  /** How long an answer may take. */
  readonly timeoutMs: number
}

/** Finds the answer. It is told whether anyone waits for it still, for work that is put off. */
export type Ask<T> = (question: { readonly waiting: number }) => Promise<Answer<T>>

/**
 * Answers of someone else, kept for a while. Those who ask the same at the same time wait for one answer. A question that
 * fails, takes too long, or is one too many is 503 `identity_unavailable`.
 */
export class AnswerCache<T> implements Disposable {
  readonly #options: AnswerCacheOptions
  readonly #kept: KeptAnswers<T>
  /** Questions by their key, of each clock: a simulation's does not move for others. */
  readonly #byClock = new WeakMap<Clock, Map<string, Question<T>>>()
  readonly #open = new Set<Question<T>>()

  constructor(options: AnswerCacheOptions) {
    this.#options = options
    this.#kept = new KeptAnswers(options.max)
  }

  /** The answer where it is known; in an object, since it may be `undefined`. */
  known({ clock }: Exchange, key: string): { readonly value: T } | undefined {
    return this.#kept.get(clock, key)
  }

  /** The answer to what is not known. `ask` is called unless someone has asked already; it must not depend on the exchange. */
  ask(exchange: Exchange, key: string, ask: Ask<T>): Promise<T> {
    const { clock } = exchange
    const open = this.#byClock.get(clock)?.get(key) ?? this.#begin(clock, key, ask)
    return open.answer(exchange)
  }

  /** Of questions that nobody waits for any more, nothing is left behind. */
  [Symbol.dispose](): void {
    for (const question of this.#open) if (question.waiting === 0) question.giveUp()
  }

  #begin(clock: Clock, key: string, ask: Ask<T>): Question<T> {
    const { maxOpen, timeoutMs } = this.#options
    if (this.#open.size >= maxOpen)
      throw new ProxyError('identity_unavailable', { detail: 'too many questions are open' })
    let ofClock = this.#byClock.get(clock)
    if (ofClock === undefined) {
      ofClock = new Map()
      this.#byClock.set(clock, ofClock)
    }
    const open = ofClock
    const begun = new Question<T>(clock, timeoutMs, (answer) => {
      this.#open.delete(begun)
      open.delete(key)
      if (answer !== undefined) this.#kept.keep(clock, key, answer.value, answer.keepMs, answer.bytes)
    })
    this.#open.add(begun)
    open.set(key, begun)
    begun.ask(ask)
    return begun
  }
}

/** One question, until it is answered or given up. */
class Question<T> {
  /** Exchanges that wait for it. */
  waiting = 0
  readonly #onEnd: (answer: Answer<T> | undefined) => void
  readonly #timer: Timer
  readonly #result = Promise.withResolvers<T>()
  #over = false

  constructor(clock: Clock, timeoutMs: number, onEnd: (answer: Answer<T> | undefined) => void) {
    this.#onEnd = onEnd
    this.#timer = clock.setTimeout(() => this.#fail('no answer in time'), timeoutMs)
    // All who wait may have left when it fails.
    this.#result.promise.catch(() => {})
  }

  ask(ask: Ask<T>): void {
    try {
      ask(this).then(
        (answer) => {
          if (this.#end(answer)) this.#result.resolve(answer.value)
        },
        (cause) => this.#fail('the question failed', cause),
      )
    } catch (cause) {
      this.#fail('the question failed', cause)
    }
  }

  /** The answer, as long as the exchange is not over. */
  answer(exchange: Exchange): Promise<T> {
    return new Promise((resolve, reject) => {
      let waits = true
      const settled = (): boolean => {
        if (!waits) return false
        waits = false
        this.waiting--
        exchange.removeAbortable(abortable)
        return true
      }
      const abort = (reason: ProxyError): void => {
        if (settled()) reject(reason)
      }
      const abortable: Abortable = {
        abort,
        sweep: () => abort(new ProxyError('exchange_aborted', { detail: 'it is over' })),
      }
      this.waiting++
      exchange.addAbortable(abortable)
      this.#result.promise.then(
        (value) => {
          if (settled()) resolve(value)
        },
        (error) => {
          if (settled()) reject(error)
        },
      )
    })
  }

  giveUp(): void {
    this.#fail('it was given up')
  }

  #fail(detail: string, cause?: unknown): void {
    if (this.#end(undefined))
      this.#result.reject(
        new ProxyError('identity_unavailable', cause === undefined ? { detail } : { detail, cause }),
      )
  }

  /** Whether it was not over yet. */
  #end(answer: Answer<T> | undefined): boolean {
    if (this.#over) return false
    this.#over = true
    this.#timer.clear()
    this.#onEnd(answer)
    return true
  }
}
