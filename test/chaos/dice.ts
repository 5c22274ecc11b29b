import type { Random } from '../../src/index.ts'

/** Decisions by chance. */
export class Dice {
  readonly random: Random

  constructor(random: Random) {
    this.random = random
  }

  /** A whole number of these, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!
  }

  /** One of the names, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    let total = 0
    for (const name in weights) total += weights[name]
    let left = this.random() * total
    let last: K | undefined
    for (const name in weights) {
      last = name
      left -= weights[name]
      if (left < 0) break
    }
    return last!
  }
}
