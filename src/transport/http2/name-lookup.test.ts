import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkName } from './field-rules.ts'
import { KNOWN_NAMES } from './indexing-policy.ts'
import { checkNameBytes } from './name-lookup.ts'

/** Looks a name up that stands among other bytes. */
function lookedUp(name: string): ReturnType<typeof checkName> {
  const bytes = Buffer.from(`..${name}..`, 'latin1')
  return checkNameBytes(bytes, 2, bytes.length - 2)
}

test('checkNameBytes finds what checkName does', () => {
  const names = [...KNOWN_NAMES.keys()]
  for (const name of names) {
    expect(lookedUp(name)).toEqual(checkName(name))
    expect(lookedUp(name)).toBe(lookedUp(name))
  }
  const near = fc.constantFrom(...names).chain((name) =>
    fc.oneof(
      // Of the same length, and mostly with the same first letter.
      fc
        .tuple(fc.nat(name.length - 1), fc.nat(255))
        .map(([at, byte]) => `${name.slice(0, at)}${String.fromCharCode(byte)}${name.slice(at + 1)}`),
      fc.nat(name.length).map((end) => name.slice(0, end)),
      fc.constantFrom('x', '-', '\0').map((more) => name + more),
      fc.constant(name.toUpperCase()),
    ),
  )
  fc.assert(
    fc.property(near, (name) => {
      expect(lookedUp(name)).toEqual(checkName(name))
    }),
    { numRuns: 2000 },
  )
})
