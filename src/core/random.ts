/** Where the engine takes chance from: a number from 0 up to, but not including, 1. The testing kit seeds it. */
export type Random = () => number

export const systemRandom: Random = Math.random

/** An id of 32 hexadecimal digits, unique for all practical purposes, and no secret. */
export function randomId(random: Random): string {
  return hexWord(random()) + hexWord(random()) + hexWord(random()) + hexWord(random())
}

/** 32 bits of a number from 0 to 1, as eight digits. By a table: `toString(16)` and padding cost several times as much. */
function hexWord(chance: number): string {
  const word = (chance * 0x1_0000_0000) >>> 0
  return (
    HEX_BYTES[word >>> 24]! +
    HEX_BYTES[(word >>> 16) & 0xff]! +
    HEX_BYTES[(word >>> 8) & 0xff]! +
    HEX_BYTES[word & 0xff]!
  )
}

/** `00` to `ff`. */
const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)
