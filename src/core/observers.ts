import { log } from './log.ts'
import type { Observer } from './observer.ts'

/** None has more facts than these. */
type Call = (one?: unknown, two?: unknown, three?: unknown, four?: unknown) => void
type Calls = Partial<Record<keyof Observer, Call>>

/**
 * Those who are told of what a proxy does, as one. What one of them throws is told of in the log, once for each of its calls:
 * it must not end an exchange, nor leave a socket's callback. The first one is the testing kit's, whose failures are not kept
 * from anybody.
 */
export class Observers {
  readonly #first: Observer | undefined
  /** Each as it is called. */
  readonly #others = new Map<Observer, Calls>()
  #current: Observer | undefined

  constructor(first?: Observer) {
    this.#first = first
    this.#current = first
  }

  /** Whom to tell; `undefined` where nobody is. It is another object whenever someone comes or goes. */
  get current(): Observer | undefined {
    return this.#current
  }

  /** It has the calls that it has now. */
  add(observer: Observer): void {
    this.#others.set(observer, guarded(observer))
    this.#combine()
  }

  remove(observer: Observer): void {
    this.#others.delete(observer)
    this.#combine()
  }

  #combine(): void {
    const others = [...this.#others.values()]
    if (others.length === 0) this.#current = this.#first
    else this.#current = together(this.#first === undefined ? others : [callsOf(this.#first), ...others])
  }
}

/** Calls that nobody wants are left out, so that they cost nothing. */
function together(all: readonly Calls[]): Observer {
  const calls: Calls = {}
  for (const name of CALLS) {
    const wanted = all.flatMap((one) => one[name] ?? [])
    const [only] = wanted
    if (wanted.length > 1)
      calls[name] = (one, two, three, four) => {
        for (const call of wanted) call(one, two, three, four)
      }
    else if (only !== undefined) calls[name] = only
  }
  return calls
}

function callsOf(observer: Observer): Calls {
  const calls: Calls = {}
  for (const name of CALLS) {
    const call = (observer as Calls)[name]
    if (call !== undefined) calls[name] = call.bind(observer)
  }
  return calls
}

function guarded(observer: Observer): Calls {
  const calls = callsOf(observer)
  for (const name of CALLS) {
    const call = calls[name]
    if (call === undefined) continue
    let told = false
    calls[name] = (one, two, three, four) => {
      try {
        call(one, two, three, four)
      } catch (thrown) {
        if (!told) log.error(`an observer threw in "${name}", which is told once`, thrown)
        told = true
      }
    }
  }
  return calls
}

/** Every call of an observer. */
const CALLS: readonly (keyof Observer)[] = Object.keys({
  exchangeBegan: true,
  exchangeAnswered: true,
  exchangeEnded: true,
  requestRefused: true,
  connectionRefused: true,
  attemptBegan: true,
  attemptResponded: true,
  attemptEnded: true,
  retried: true,
  retryRefused: true,
  hedged: true,
  hedgeRefused: true,
  endpointRefused: true,
  fellBack: true,
  probed: true,
  healthChanged: true,
  ejected: true,
  restored: true,
  endpointAdded: true,
  endpointRemoved: true,
  drainBegan: true,
  drainEnded: true,
  readmitted: true,
  reweighted: true,
  sourceFailed: true,
  listRefused: true,
} satisfies Record<keyof Observer, true>) as (keyof Observer)[]
