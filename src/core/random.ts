/** Where the engine takes chance from: a number from 0 up to, but not including, 1. The testing kit seeds it. */
export type Random = () => number

export const systemRandom: Random = Math.random
