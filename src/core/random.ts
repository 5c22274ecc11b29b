/** Where the engine takes chance from: a number from 0 up to, but not including, 1. The testing kit seeds it. */
export type Random = () => number

export const systemRandom: Random = Math.random

/** An id of 32 hexadecimal digits, unique for all practical purposes, and no secret. */
export function randomId(random: Random): string {
  let id = ''
  for (let word = 0; word < 4; word++) id += ((random() * 0x1_0000_0000) >>> 0).toString(16).padStart(8, '0')
  return id
}
