/** The key of a typed value that filters share on one exchange. Two keys of the same name are two keys. */
export interface Attribute<T> {
  readonly name: string
  /** Carries the type; never set. */
  readonly type?: T
}

/**
 * Makes a typed key for `exchange.get` and `exchange.set`.
 *
 * @example
 * const claims = attribute<Claims>('jwt.claims')
 * exchange.set(claims, verified)
 */
export function attribute<T>(name: string): Attribute<T> {
  return { name }
}
