import { invalidOption } from '../../core/options.ts'

/** Checks a list that values are drawn from: not empty, and each is a string that fits. */
export function choices<T extends string>(
  owner: string,
  option: string,
  list: readonly T[],
  fits: RegExp,
): readonly T[] {
  if (!Array.isArray(list) || list.length === 0)
    throw invalidOption(owner, option, 'a list of at least one', list)
  for (const one of list) {
    if (typeof one !== 'string' || !fits.test(one))
      throw invalidOption(owner, option, `a list of what may stand there (${fits.source})`, one)
  }
  return list
}

/** The same for a list out of a table. */
export function named<T extends string>(
  owner: string,
  option: string,
  list: readonly T[],
  known: readonly T[],
): readonly T[] {
  if (!Array.isArray(list) || list.length === 0)
    throw invalidOption(owner, option, 'a list of at least one', list)
  for (const one of list) {
    if (!known.includes(one)) throw invalidOption(owner, option, `a list out of: ${known.join(', ')}`, one)
  }
  return list
}
