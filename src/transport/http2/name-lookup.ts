import { type CheckedName, checkName } from './field-rules.ts'
import { KNOWN_NAMES } from './indexing-policy.ts'
import { latin1Text } from './latin1.ts'

interface KnownBytes {
  readonly bytes: Buffer
  readonly checked: CheckedName
}

/** Known names by their length and first letter: few share both. */
const BY_SHAPE: (readonly KnownBytes[] | undefined)[] = []
let longest = 0
for (const name of KNOWN_NAMES.keys()) {
  const bytes = Buffer.from(name, 'latin1')
  const shape = shapeOf(bytes, 0, bytes.length)
  BY_SHAPE[shape] = [...(BY_SHAPE[shape] ?? []), { bytes, checked: checkName(name) }]
  longest = Math.max(longest, bytes.length)
}
for (let shape = 0; shape < (longest + 1) << 5; shape++) BY_SHAPE[shape] ??= undefined

/** As `checkName`, for a name that is still bytes: one that is common needs no string, which would cost more than all the rest. */
export function checkNameBytes(bytes: Buffer, from: number, to: number): CheckedName {
  if (to - from <= longest && from < to) {
    const known = BY_SHAPE[shapeOf(bytes, from, to)]
    if (known !== undefined) {
      for (const one of known) if (isSame(one.bytes, bytes, from)) return one.checked
    }
  }
  return checkName(latin1Text(bytes, from, to))
}

function shapeOf(bytes: Buffer, from: number, to: number): number {
  return ((to - from) << 5) | (bytes[from]! & 31)
}

/** Names of one shape have the same length, and most differ in their last letters. */
function isSame(name: Buffer, bytes: Buffer, from: number): boolean {
  for (let i = name.length - 1; i >= 0; i--) if (name[i] !== bytes[from + i]) return false
  return true
}
