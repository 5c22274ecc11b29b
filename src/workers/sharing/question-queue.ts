import { type Clock, Deadline } from '../../core/clock.ts'

/** A question, and the link that asks it. */
export type Question = readonly [link: number, question: unknown]

export interface QuestionSettings {
  readonly clock: Clock
  /** Calls at the end of this turn of the event loop. */
  readonly soon: (call: () => void) => void
  readonly send: (batch: number, questions: readonly Question[]) => void
}

/** So long an answer may take. */
const TIMEOUT_MS = 250
/** Who has not answered in time is asked once in so long, until it answers anything. */
const RETRY_MS = 1_000
/** Questions that may wait at once. */
const MAX_WAITING = 10_000

interface Asking {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

interface Batch {
  readonly askedAt: number
  readonly asking: readonly Asking[]
}

/**
 * Questions to the one who decides for all. Those of one turn of the event loop leave as one message, whose answers come as
 * one. A question has its answer in time, or none.
 */
export class QuestionQueue {
  readonly #settings: QuestionSettings
  readonly #deadline: Deadline
  /** Oldest first. */
  readonly #batches = new Map<number, Batch>()
  #questions: Question[] = []
  #asking: Asking[] = []
  #waiting = 0
  #nextBatch = 0
  /** When it may be asked again, where it has not answered in time. */
  #retryAt: number | undefined
  #closed = false

  constructor(settings: QuestionSettings) {
    this.#settings = settings
    // Where this process itself was busy for so long, the answer may be there, and is read in this turn.
    this.#deadline = new Deadline(settings.clock, () => settings.soon(() => this.#expire()))
  }

  /** Questions without an answer yet. */
  get waiting(): number {
    return this.#waiting
  }

  ask(link: number, question: unknown): Promise<unknown> {
    const refusal = this.#refusal()
    if (refusal !== undefined)
      return Promise.reject(new Error(`the supervisor is not asked, since ${refusal}`))
    this.#waiting++
    return new Promise((resolve, reject) => {
      this.#questions.push([link, question])
      this.#asking.push({ resolve, reject })
      if (this.#questions.length === 1) this.#settings.soon(() => this.#send())
    })
  }

  answered(batch: number, answers: readonly unknown[]): void {
    // Whatever it has answered, also too late: it is there.
    this.#retryAt = undefined
    const found = this.#batches.get(batch)
    if (found === undefined) return
    this.#batches.delete(batch)
    this.#waiting -= found.asking.length
    this.#armForOldest()
    for (const [i, { resolve, reject }] of found.asking.entries()) {
      const answer = answers[i]
      if (answer === undefined) reject(new Error('the supervisor knows no answer'))
      else resolve(answer)
    }
  }

  /** Nobody answers any more. */
  close(): void {
    this.#closed = true
    this.#deadline.close()
    const asking = [...this.#batches.values()].flatMap((batch) => batch.asking).concat(this.#asking)
    this.#batches.clear()
    this.#questions = []
    this.#asking = []
    this.#reject(asking, 'the supervisor is gone')
  }

  #refusal(): string | undefined {
    if (this.#closed) return 'it is gone'
    if (this.#waiting >= MAX_WAITING) return `${MAX_WAITING} questions wait for an answer`
    if (this.#retryAt === undefined) return undefined
    const now = this.#settings.clock.now()
    if (now < this.#retryAt) return 'it has not answered in time'
    this.#retryAt = now + RETRY_MS
    return undefined
  }

  #send(): void {
    if (this.#questions.length === 0) return
    const questions = this.#questions
    const batch = this.#nextBatch++
    this.#batches.set(batch, { askedAt: this.#settings.clock.now(), asking: this.#asking })
    this.#questions = []
    this.#asking = []
    if (this.#batches.size === 1) this.#deadline.arm(TIMEOUT_MS)
    this.#settings.send(batch, questions)
  }

  #expire(): void {
    const now = this.#settings.clock.now()
    const late: Asking[] = []
    for (const [number, { askedAt, asking }] of this.#batches) {
      // A deadline may come up to one millisecond early.
      if (now - askedAt < TIMEOUT_MS - 1) break
      this.#batches.delete(number)
      late.push(...asking)
    }
    this.#armForOldest()
    if (late.length === 0) return
    this.#retryAt ??= now + RETRY_MS
    this.#reject(late, `the supervisor has not answered within ${TIMEOUT_MS} ms`)
  }

  #armForOldest(): void {
    for (const { askedAt } of this.#batches.values()) {
      this.#deadline.arm(askedAt + TIMEOUT_MS - this.#settings.clock.now())
      return
    }
    this.#deadline.disarm()
  }

  #reject(asking: readonly Asking[], why: string): void {
    this.#waiting -= asking.length
    const error = new Error(why)
    for (const { reject } of asking) reject(error)
  }
}
