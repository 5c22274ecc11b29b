import fc from 'fast-check'

/** What a property that fails for some values prints of the one that is left when it has been shrunk. */
export function printedCounterexample<T>(
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => boolean,
  seed = 5,
): string {
  const { counterexample } = fc.check(fc.property(arbitrary, holds), {
    seed,
    numRuns: 1000,
  })
  if (counterexample === null) throw new Error('the property holds')
  return fc.stringify(counterexample[0])
}
