import type { HeaderList } from '../core/headers.ts'

/**
 * The value of a field that has one only. Of several lines that say the same, that; `undefined` when there is none, or when
 * they differ.
 */
export function singleValue(headers: HeaderList, name: string): string | undefined {
  if (!headers.has(name)) return undefined
  const values = headers.getAll(name)
  return values.every((value) => value === values[0]) ? values[0] : undefined
}
