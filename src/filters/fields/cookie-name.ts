import { invalidOption } from '../../core/options.ts'

/** Which cookies: a name, in which case counts, or an expression that all of a name must match. */
export type CookieName = string | RegExp

/** Whether a name is one of some. */
export function nameTest(
  owner: string,
  option: string,
  names: readonly CookieName[],
): (name: string) => boolean {
  if (!Array.isArray(names) || !names.every((it) => typeof it === 'string' || it instanceof RegExp))
    throw invalidOption(owner, option, 'a list of names and expressions', names)
  const exact = new Set(names.filter((it) => typeof it === 'string'))
  const expressions = names
    .filter((it) => it instanceof RegExp)
    // With `g` or `y` an expression would remember where it stopped.
    .map((it) => new RegExp(`^(?:${it.source})$`, it.flags.replace(/[gy]/g, '')))
  return (name) => exact.has(name) || expressions.some((it) => it.test(name))
}
