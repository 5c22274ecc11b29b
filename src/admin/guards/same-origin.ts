import { type Filter, named } from '../../core/handler.ts'
import type { RequestMessage } from '../../core/message.ts'
import { problemAnswer, Refusal } from '../problem-answer.ts'
import { isOpen } from './open-paths.ts'

/**
 * Refuses what pages of other origins have a browser send, by what browsers say of it; and whatever is to change something and
 * is not JSON, which no form of a page can send. Other ports of this machine are other origins.
 */
export function sameOrigin(): Filter {
  const filter: Filter = (exchange, next) => {
    const { request } = exchange
    if (isOpen(request)) return next(exchange)
    const isSafe = request.method === 'GET' || request.method === 'HEAD'
    const site = request.headers.get('sec-fetch-site')
    const origin = request.headers.get('origin')
    // `none`: someone has typed it, which gives a GET.
    const isFromHere = site === undefined || site === 'same-origin' || (site === 'none' && isSafe)
    if (!isFromHere || (origin !== undefined && !isOwn(origin, request)))
      return problemAnswer(new Refusal(403, 'Forbidden', 'the request comes from another origin'))
    if (!isSafe && !isJson(request.headers.get('content-type')))
      return problemAnswer(
        new Refusal(
          415,
          'Unsupported media type',
          'what changes something has Content-Type: application/json',
        ),
      )
    return next(exchange)
  }
  return named(filter, 'sameOrigin')
}

/** Without the scheme, which a proxy in front may have changed. `null` is no origin. */
function isOwn(origin: string, { host }: RequestMessage): boolean {
  const url = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  return url !== null && URL.parse(`${url.protocol}//${host}`)?.host === url.host
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json[ \t]*(;|$)/i.test(contentType)
}
