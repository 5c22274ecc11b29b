import type { Exchange } from '../core/exchange.ts'
import { Refusal } from './problem-answer.ts'

const MAX_EXCHANGES = 1_000

/** How many `GET /api/exchanges` wants to see. @throws `Refusal` 400 */
export function exchangesLimit({ request }: Exchange): number {
  const given = new URLSearchParams(request.query).get('limit') ?? '100'
  const limit = Number(given)
  if (/^\d+$/.test(given) && limit >= 1 && limit <= MAX_EXCHANGES) return limit
  throw new Refusal(400, 'Bad request', `"limit" must be a whole number from 1 to ${MAX_EXCHANGES}`)
}
