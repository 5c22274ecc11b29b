import { attribute, type Filter, respondJson } from 'gatewright'

/** The user that a token belongs to. */
export const user = attribute<string>('user')

/** Lets requests through whose bearer token is known, and tells the service who it is. */
export function requireToken(users: Readonly<Record<string, string>>): Filter {
  return async (exchange, next) => {
    const { headers } = exchange.request
    const token = /^Bearer (\S+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
    if (!Object.hasOwn(users, token)) {
      return respondJson(401, { error: 'unknown token' }, { 'WWW-Authenticate': 'Bearer' })
    }
    const name = users[token]!
    exchange.set(user, name)
    headers.delete('Authorization').set('X-User', name)
    return next(exchange)
  }
}
