/** The sum of a figure of each. */
export function sum<T>(all: readonly T[], read: (one: T) => number): number {
  return all.reduce((total, one) => total + read(one), 0)
}

/** Counts by name, added name by name. */
export function summedCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = Object.create(null)
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  return { ...sums }
}

/** How many say which word; `undefined` where all say the same. */
export function differing<W extends string>(words: readonly W[]): Partial<Record<W, number>> | undefined {
  const counts: Partial<Record<W, number>> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return Object.keys(counts).length > 1 ? counts : undefined
}

/** Of some words, the one that comes first in an order. */
export function firstOf<W extends string>(words: readonly W[], order: readonly W[]): W {
  return order.find((word) => words.includes(word)) ?? words[0]!
}
