import type { Outcome } from '../core/exchange.ts'

/** Whether the proxy or a service has failed: a status of 500 or more, or a response that broke off. A client that left is none. */
export function hasFailed({ result, status }: Outcome): boolean {
  return result === 'failed' || (status !== undefined && status >= 500)
}

/** Why an exchange did not go well: the error's code, or `status 503` where a service has answered with that. */
export function reasonOf({ error, status }: Outcome): string | undefined {
  if (error !== undefined) return error.code
  return status !== undefined && status >= 500 ? `status ${status}` : undefined
}
