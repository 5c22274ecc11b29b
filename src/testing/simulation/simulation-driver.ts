import { type Duration, durationMs } from '../../core/options.ts'
import { KitError } from '../kit-error.ts'
import type { RealWork } from '../real-work.ts'
import type { SteppedClock } from '../virtual-clock.ts'
import { Pending } from './pending.ts'

// Taken when the module is loaded, so that nobody's fake timers stop it.
const nextTick = process.nextTick.bind(process)

/** How long, in virtual time, one awaited thing may take, unless it says otherwise. */
const LIMIT_MS = 3_600_000
/** How long, in real time, virtual time stands still for work that Node does beside the event loop. */
const WORK_LIMIT_MS = 30_000

/** What a test asked for, as the driver sees it. */
export interface Asked {
  /** As the test wrote it. */
  readonly what: string
  readonly awaited: boolean
  readonly settled: boolean
  /** How long, in virtual time, it may take. */
  readonly limitMs: number
  /** The line of the test. */
  readonly askedFrom: string
  fail(error: unknown): void
}

/** Something that time is moved for. */
interface Goal {
  readonly pending: Asked
  /** Time does not move past this for its sake. */
  readonly deadlineMs: number
  /** An advance is reached at its deadline; all else should be settled before. */
  readonly kind: 'moment' | 'result'
}

/**
 * Moves the virtual time of one simulation: as long as someone awaits something, from timer to timer, in one loop for all
 * that is awaited at once.
 */
export class SimulationDriver {
  readonly clock: SteppedClock
  readonly #work: RealWork
  readonly #seed: number
  /** What is still open, for the message of a test that would wait for ever. */
  readonly #describe: () => string
  readonly #goals = new Set<Goal>()
  /** What was asked for and is not known to be awaited. */
  readonly #unawaited = new Set<Asked>()
  readonly #moments = new Map<Asked, { readonly ms: number; readonly reach: () => void }>()
  readonly #violations: Error[] = []
  #driving = false
  #ending = false
  /** Work that needs turns of the event loop, and during which time must stand still. */
  #busy = 0
  /** Since when, in real time, virtual time stands still. */
  #stillSince: number | undefined

  constructor(clock: SteppedClock, work: RealWork, seed: number, describe: () => string) {
    this.clock = clock
    this.#work = work
    this.#seed = seed
    this.#describe = describe
  }

  /** Shows a result; time is moved for it while it is awaited. */
  pending<T>(what: string, result: Promise<T>, limitMs: number = LIMIT_MS): Pending<T> {
    const pending = new Pending(this, what, result, limitMs)
    this.asked(pending)
    return pending
  }

  /** Notes what must be awaited. */
  asked(pending: Asked): void {
    this.#unawaited.add(pending)
  }

  /** Moves time on by so much, once it is awaited. */
  advance(what: string, time: Duration): Pending<void> {
    if (typeof time === 'number' && time < 0)
      throw new RangeError(`${what}: time does not run backwards; give 0 or more`)
    const ms = durationMs('sim.advance', 'time', time)
    const { promise, resolve } = Promise.withResolvers<void>()
    const pending = this.pending(what, promise)
    this.#moments.set(pending, { ms, reach: resolve })
    return pending
  }

  /** Nobody has to await it any more. */
  excuse(pending: Asked): void {
    this.#unawaited.delete(pending)
  }

  /** @internal Called by what is awaited. */
  awaited(pending: Asked): void {
    this.#unawaited.delete(pending)
    if (pending.settled) return
    const moment = this.#moments.get(pending)
    const now = this.clock.now()
    this.#goals.add(
      moment === undefined
        ? { pending, deadlineMs: now + pending.limitMs, kind: 'result' }
        : { pending, deadlineMs: now + moment.ms, kind: 'moment' },
    )
    // In a moment, when all that is awaited together is known.
    if (this.#moments.size > 0) nextTick(() => this.#refuseForgottenMoments())
    if (!this.#driving) void this.#drive()
  }

  /** Does something in real turns of the event loop, while virtual time stands still. */
  async standingStill<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work()
    } finally {
      this.#busy--
    }
  }

  /** Something was done that must not be: the next that is awaited says so. */
  violated(error: Error): void {
    this.#violations.push(error)
  }

  /** @internal What must be told in place of a result. */
  takeViolation(): Error | undefined {
    return this.#ending ? undefined : this.#violations.shift()
  }

  /** It was told in another way. */
  forgive(error: unknown): void {
    const at = this.#violations.indexOf(error as Error)
    if (at >= 0) this.#violations.splice(at, 1)
  }

  /** From now on what is done wrong is only collected. */
  end(): void {
    this.#ending = true
    for (const pending of this.#moments.keys()) if (!pending.awaited) this.#moments.delete(pending)
  }

  /** What was done wrong and nobody was told of. */
  get violations(): readonly Error[] {
    return this.#violations
  }

  /** One line for each thing that was asked for and never awaited. */
  forgotten(): string[] {
    return Array.from(
      this.#unawaited,
      (it) => `${it.what}, asked for ${it.askedFrom}, was not awaited: write \`await ${it.what}\``,
    )
  }

  /** Adds to an error of the kit's how to see it again. */
  withSeed(error: unknown): unknown {
    if (error instanceof KitError && !error.message.includes(SEED_NOTE))
      error.message += `\n(${SEED_NOTE}${this.#seed}: simulate(app, { seed: ${this.#seed} }) shows it again)`
    return error
  }

  async #drive(): Promise<void> {
    this.#driving = true
    await this.clock.settle()
    while (!this.#done()) {
      try {
        await this.#step()
      } catch (error) {
        this.#failAll(error)
      }
    }
    this.#driving = false
  }

  /** Lets go of what is settled. `true` when nothing is left. */
  #done(): boolean {
    for (const goal of this.#goals) if (goal.pending.settled) this.#goals.delete(goal)
    return this.#goals.size === 0
  }

  /** From here on to the next timer, or to the soonest moment that was asked for. */
  async #step(): Promise<void> {
    const { clock } = this
    if (this.#busy > 0 || this.#work.pending > 0) {
      await this.#standStill()
      return
    }
    this.#stillSince = undefined
    const now = clock.now()
    let first: Goal | undefined
    for (const goal of this.#goals)
      if (first === undefined || goal.deadlineMs < first.deadlineMs) first = goal
    const next = clock.nextAt
    if (next !== undefined && next <= first!.deadlineMs) {
      await clock.fireNext(next)
      return
    }
    const { pending, kind, deadlineMs } = first!
    if (kind === 'moment') {
      clock.jump(deadlineMs)
      this.#goals.delete(first!)
      this.#moments.get(pending)!.reach()
      this.#moments.delete(pending)
      await clock.settle()
      return
    }
    this.#goals.delete(first!)
    const why =
      next === undefined
        ? 'no timer is left that could bring it about'
        : `its limit of ${pending.limitMs / 3_600_000} h of virtual time is over`
    pending.fail(
      new KitError(`${pending.what} is not settled at ${now} ms, and ${why}.\n${this.#describe()}`),
    )
  }

  async #standStill(): Promise<void> {
    const now = performance.now()
    this.#stillSince ??= now
    if (now - this.#stillSince > WORK_LIMIT_MS) {
      this.#stillSince = undefined
      this.#failAll(
        new KitError(
          `time has stood still for ${WORK_LIMIT_MS / 1_000} real seconds, for work that Node does in threads of its own (files, WebCrypto, compression), and that has not ended`,
        ),
      )
      return
    }
    await this.clock.settle()
  }

  /** Time that was not awaited would never pass: what comes after it would be tested at the wrong moment. */
  #refuseForgottenMoments(): void {
    for (const pending of this.#moments.keys()) {
      if (pending.awaited) continue
      this.#moments.delete(pending)
      this.#unawaited.delete(pending)
      this.#failAll(
        new KitError(
          `${pending.what}, asked for ${pending.askedFrom}, was not awaited: write \`await ${pending.what}\``,
        ),
      )
    }
  }

  #failAll(error: unknown): void {
    for (const { pending } of this.#goals) {
      this.#moments.delete(pending)
      pending.fail(error)
    }
    this.#goals.clear()
  }
}

const SEED_NOTE = 'simulation seed '
