import type { Clock } from '../../core/clock.ts'
import { type Filter, named } from '../../core/handler.ts'
import { problemAnswer, Refusal } from '../problem-answer.ts'
import type { AccessTokens } from './access-tokens.ts'
import { isOpen } from './open-paths.ts'
import { WrongTokens } from './wrong-tokens.ts'

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="gatewright admin"' }

/** Longer ones are nobody's, and are not hashed. */
const BEARER = /^bearer +([\x21-\x7e]{1,1024})$/i

/** Lets in who has a token. Who guesses has to wait: then no token of his is looked at, be it right or wrong. */
export function requiredToken(tokens: AccessTokens, clock: Clock): Filter {
  const wrong = new WrongTokens(clock)
  const filter: Filter = (exchange, next) => {
    const { request, client } = exchange
    if (isOpen(request)) return next(exchange)
    const field = request.headers.get('authorization')
    if (field === undefined)
      return problemAnswer(
        new Refusal(401, 'Unauthorized', 'it needs Authorization: Bearer, with a token', CHALLENGE),
      )
    if (wrong.tooMany(client.address))
      return problemAnswer(
        new Refusal(429, 'Too many requests', 'too many wrong tokens have come from this address', {
          'Retry-After': '1',
        }),
      )
    const given = BEARER.exec(field)?.[1]
    if (given !== undefined && tokens.has(given)) return next(exchange)
    wrong.add(client.address)
    return problemAnswer(new Refusal(401, 'Unauthorized', 'the token is wrong', CHALLENGE))
  }
  return named(filter, 'requiredToken')
}
