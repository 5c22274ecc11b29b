import type { Exchange } from './exchange.ts'

/** Which exchange it is, for people: `GET /users, exchange 7f3a`. Without the query, which may hold secrets. */
export function exchangeInWords({ request, id }: Exchange): string {
  return `${request.method} ${request.path}, exchange ${id}`
}
