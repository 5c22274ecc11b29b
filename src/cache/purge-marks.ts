import { hashText } from '../core/hash.ts'
import { type Judged, Mark, type Verdict } from './purge-mark.ts'

/** Floors for names that are not remembered any more. */
const FLOORS = 4_096

/**
 * The last purges of each name, so many of them. What is forgotten raises a floor, which all names with the same hash have:
 * whatever is older than that counts as gone.
 */
export class PurgeMarks {
  readonly #max: number
  /** The one that was purged longest ago first. */
  readonly #byName = new Map<string, Mark>()
  readonly #floors: (Mark | undefined)[] = []

  constructor(max: number) {
    this.#max = max
  }

  /** Names that are remembered. */
  get size(): number {
    return this.#byName.size
  }

  set(name: string, soft: boolean, sequence: number, time: number): void {
    const mark = this.#byName.get(name) ?? new Mark()
    mark.set(soft, sequence, time)
    this.#byName.delete(name)
    this.#byName.set(name, mark)
    if (this.#byName.size > this.#max) this.#forgetOldest()
  }

  judge(name: string, it: Judged, before: Verdict): Verdict {
    const verdict = this.#byName.get(name)?.judge(it, before) ?? before
    if (this.#floors.length === 0) return verdict
    return this.#floors[floorOf(name)]?.judge(it, verdict) ?? verdict
  }

  #forgetOldest(): void {
    const [name, mark] = this.#byName.entries().next().value!
    this.#byName.delete(name)
    const floor = floorOf(name)
    this.#floors[floor] ??= new Mark()
    this.#floors[floor].takeOver(mark)
  }
}

function floorOf(name: string): number {
  return hashText(name) % FLOORS
}
