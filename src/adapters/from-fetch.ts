import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Handler, named } from '../core/handler.ts'
import { invalidOption } from '../core/options.ts'
import { fetchRequest } from './fetch-request.ts'
import { responseMessage } from './fetch-response.ts'

/**
 * A fetch-style app: what answers a `Request` with a `Response`. Its second argument, where some runtimes give bindings, is the
 * exchange: in Hono, `c.env`.
 */
export type FetchApp = (request: Request, exchange: Exchange) => Response | Promise<Response>

/**
 * Mounts a fetch-style app (Hono, itty-router, a worker's `fetch`) as a handler: a function, or an object that has it as `fetch`.
 *
 * The app sees the request as a service behind a pool would: fields of the connection are gone, and `X-Forwarded-*` is the
 * proxy's own. Bodies stream both ways, each at the pace of whoever reads it. `request.signal` aborts when the client leaves,
 * and the body of a response is cancelled then. What the app throws is answered with 500, without a word of it; a body that
 * fails on its way breaks the response off.
 *
 * Traps: a `Request` has no content with GET and HEAD, so that of a client is dropped, and there is no `Request` for CONNECT
 * and TRACE: they are answered 501. Interim responses, trailers and tunnels have no place in a `Response`. A body that was
 * fetched is decoded already; an app that makes a new `Response` of it must not copy its `content-encoding` and
 * `content-length` (passing the fetched response on as it is does the right thing).
 *
 * @example
 * proxy().route('/hello', fromFetch((request) => new Response(`hello from ${new URL(request.url).pathname}`)))
 *
 * @throws `ERR_OPTION_INVALID` for what is no such app.
 */
export function fromFetch(app: FetchApp | { readonly fetch: FetchApp }): Handler {
  const answer = appOf(app)
  const handler: Handler = async (exchange) => {
    const request = fetchRequest(exchange)
    try {
      return responseMessage(await answer(request, exchange))
    } catch (thrown) {
      // What fails because the client has left says so; the app may have wrapped the signal's reason.
      const left = exchange.abortReason
      throw left === undefined || thrown instanceof ProxyError ? thrown : left
    }
  }
  return named(handler, answer.name || 'fetch')
}

function appOf(app: FetchApp | { readonly fetch: FetchApp }): FetchApp {
  if (typeof app === 'function') return app
  if (typeof app !== 'object' || app === null || typeof app.fetch !== 'function')
    throw invalidOption(
      'fromFetch',
      'app',
      'a function (request) => response, or an object with a fetch',
      app,
    )
  return named((request, exchange) => app.fetch(request, exchange), 'fetch')
}
