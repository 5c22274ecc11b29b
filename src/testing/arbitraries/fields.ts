import fc from 'fast-check'

/** A field as its recipient reads it: the name in the case it was sent in, the value without the space around it. */
export type FieldLine = readonly [name: string, value: string]

/** A field, and how its line is written. */
export interface WrittenField {
  readonly field: FieldLine
  /** Without its line end. */
  readonly line: string
}

/**
 * Fields that mean nothing to a proxy, so that any number of any of them makes a valid message, with values of every byte
 * that a value may hold. They are as good in trailers.
 */
export function ordinaryFields(maxLength: number): fc.Arbitrary<readonly WrittenField[]> {
  return fc.array(ordinaryField, { maxLength })
}

/** Letters of which no name is made that means something. */
const TOKEN = Array.from("abcxyzABCXYZ0189!#$%&'*+-.^_`|~")
const NAMES = [
  ...['X', 'x-a', 'Accept', 'Cookie', 'Set-Cookie', 'User-Agent', 'Authorization', 'Cache-Control', 'X-Sum'],
  ...["!#$%&'*+-.^_`|~09azAZ", 'A'.repeat(40)],
]

const name = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: text(TOKEN, { minLength: 1, maxLength: 12 }) },
)

const VALUE = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).filter((it) =>
  /[\t\x20-\x7e\x80-\xff]/.test(it),
)
const VALUES = [
  '1',
  '',
  'a b',
  'a, b',
  '"q\\""',
  '\x80\xff',
  'a\tb',
  'a\xa0',
  '\xa0a',
  ': :',
  'x'.repeat(300),
]

const value = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: text(VALUE, { maxLength: 24 }).map(withoutSpaceAround) },
)

/** Not `trim`, which takes away more than the space and the tab of RFC 9110 section 5.5. */
function withoutSpaceAround(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

const ordinaryField: fc.Arbitrary<WrittenField> = fc
  .tuple(name, mostly(' ', '', '\t', '  ', ' \t '), value, mostly('', ' ', '\t', '  '))
  .map(([name, before, value, after]) => ({
    field: [name, value],
    line: `${name}:${before}${value}${after}`,
  }))

/** A name in one of the cases that it may have. */
export function spelled(name: string): fc.Arbitrary<string> {
  return mostly(name, name.toLowerCase(), name.toUpperCase())
}

/** A field written the way most do. */
export function plainField(name: string, value: string): WrittenField {
  return { field: [name, value], line: `${name}: ${value}` }
}

/** Mostly the first, to which the others shrink. */
export function mostly<T>(plain: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.nat(8 * others.length - 1).map((i) => others[i - 7 * others.length] ?? plain)
}

/** A string of some characters, cheaper than `fc.string`, which also looks for words that are dangerous in JavaScript. */
function text(
  characters: readonly string[],
  length: { readonly minLength?: number; readonly maxLength: number },
): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...characters), length).map((all) => all.join(''))
}
