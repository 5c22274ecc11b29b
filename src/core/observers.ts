import type { Observer } from './observer.ts'

type Call = (...facts: unknown[]) => void
type Calls = Record<string, Call>

/** Those who are told of what a proxy does, as one. */
export class Observers {
  readonly #all: Set<Observer> = new Set()
  #current: Observer | undefined

  constructor(first?: Observer) {
    if (first !== undefined) this.add(first)
  }

  /** Whom to tell; `undefined` where nobody is. It is another object whenever someone comes or goes. */
  get current(): Observer | undefined {
    return this.#current
  }

  add(observer: Observer): void {
    this.#all.add(observer)
    this.#current = together([...this.#all])
  }

  remove(observer: Observer): void {
    this.#all.delete(observer)
    this.#current = together([...this.#all])
  }
}

/** Calls that nobody wants are left out, so that they cost nothing. */
function together(all: readonly Observer[]): Observer | undefined {
  const [first] = all
  if (first === undefined || all.length === 1) return first
  const calls: Calls = {}
  for (const name of CALLS) {
    const wanted = all.flatMap((one) => {
      const call = (one as Partial<Calls>)[name]
      return call === undefined ? [] : [call.bind(one)]
    })
    if (wanted.length === 1) calls[name] = wanted[0]!
    else if (wanted.length > 1)
      calls[name] = (...facts) => {
        for (const call of wanted) call(...facts)
      }
  }
  return calls as Observer
}

/** Every call of an observer. */
const CALLS = Object.keys({
  exchangeBegan: true,
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
} satisfies Record<keyof Observer, true>)
