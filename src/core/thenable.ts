/** Whether something is a promise, whoever's: what a function gives of which none was expected, for example. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
