interface QuantityKind {
  /** What a number with this unit is multiplied by; `undefined` where there is no such unit. */
  readonly unitOf: (unit: string) => number | undefined
  /** What is said where it is none. */
  readonly expected: string
}

const DURATIONS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])

const SIZES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1_024],
  ['mb', 1_024 ** 2],
  ['gb', 1_024 ** 3],
])

/** What numbers in an expression can count. */
export const QUANTITIES: Readonly<Record<'plain' | 'duration' | 'size', QuantityKind>> = {
  plain: { unitOf: (unit) => (unit === '' ? 1 : undefined), expected: 'a number without a unit' },
  duration: {
    unitOf: (unit) => DURATIONS.get(unit),
    expected: 'a duration, such as 250ms (ms, s, m, h)',
  },
  size: {
    unitOf: (unit) => SIZES.get(unit.toLowerCase()),
    expected: 'a size, such as 64KB (B, KB, MB, GB)',
  },
}
