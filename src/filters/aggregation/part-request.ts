import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { HeaderList } from '../../core/headers.ts'
import { RequestMessage } from '../../core/message.ts'
import { invalidOption } from '../../core/options.ts'
import { normalizePath } from '../../core/path.ts'
import { parseTemplate } from '../../core/path-template.ts'

type Made = string | RequestMessage | undefined
type RequestInit = string | ((exchange: Exchange) => Made) | undefined

/** What makes the request of a part. */
export function requestMaker(
  owner: string,
  request: RequestInit,
  passHeaders: readonly string[],
): (exchange: Exchange) => RequestMessage | undefined {
  const make = (target: string, exchange: Exchange): RequestMessage =>
    getOf(target, fieldsOf(exchange, passHeaders))
  if (request === undefined) return (exchange) => make(exchange.request.target, exchange)
  if (typeof request === 'function')
    return (exchange) => {
      const made = request(exchange)
      return typeof made === 'string' ? make(made, exchange) : made
    }
  const target = templateOf(owner, request)
  return (exchange) => make(target(exchange), exchange)
}

function templateOf(owner: string, text: string): (exchange: Exchange) => string {
  const [path = '', ...query] = typeof text === 'string' ? text.split('?') : []
  const template = parseTemplate(path)
  const sample = template.fill(() => 'x')
  if (normalizePath(sample) !== sample)
    throw invalidOption(owner, 'request', 'a path such as "/users/:id", or a function', text)
  const behind = query.length === 0 ? '' : `?${query.join('?')}`
  try {
    getOf(sample + behind, new HeaderList())
  } catch {
    throw invalidOption(owner, 'request', 'a path with a percent-encoded query', text)
  }
  return ({ params }) => {
    const filled = template.fill((name, wildcard) => {
      const value = params[name]
      if (value === undefined) throw new TypeError(`the route has no parameter "${name}"`)
      return wildcard ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value)
    })
    // A value such as ".." would ask for something else.
    if (normalizePath(filled) !== filled)
      throw new ProxyError('request_malformed', { detail: 'a parameter that has no place in a path' })
    return filled + behind
  }
}

function getOf(target: string, headers: HeaderList): RequestMessage {
  const request = new RequestMessage({ headers })
  const queryAt = target.indexOf('?')
  request.path = queryAt < 0 ? target : target.slice(0, queryAt)
  if (queryAt >= 0) request.query = target.slice(queryAt + 1)
  return request
}

function fieldsOf({ request: { headers } }: Exchange, passHeaders: readonly string[]): HeaderList {
  const list = HeaderList.from({ Accept: 'application/json' })
  for (const name of passHeaders) {
    const values = headers.getAll(name)
    if (values.length > 0) list.delete(name)
    for (const value of values) list.append(name, value)
  }
  return list
}
