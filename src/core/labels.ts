import { invalidOption } from './options.ts'

/** What an endpoint is told apart by, such as `{ version: 'v2' }`. */
export type Labels = Readonly<Record<string, string>>

/** Whether two sets of labels say the same. */
export function sameLabels(one: Labels, other: Labels): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}

/** Checks labels, and keeps them as they are now. */
export function checkLabels(owner: string, labels: Labels): Labels {
  const isRecord = typeof labels === 'object' && labels !== null && !Array.isArray(labels)
  if (!isRecord || !Object.values(labels).every((value) => typeof value === 'string'))
    throw invalidOption(owner, 'labels', 'an object of strings, such as { version: "v2" }', labels)
  return Object.freeze({ ...labels })
}
