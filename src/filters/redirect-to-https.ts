import { ProxyError } from '../core/errors.ts'
import { type Filter, named, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { integer, invalidOption, knownOptions } from '../core/options.ts'

export interface RedirectToHttpsOptions {
  /** Where HTTPS is served. Default 443, which is not written. */
  port?: number
  /** 308 and 307 keep the method, permanently and for now; with 301 and 302 clients may make a GET of it. Default 308. */
  status?: 301 | 302 | 307 | 308
}

/**
 * Sends clients that came without TLS to the same address with it.
 *
 * For those that came by HTTPS, as far as is known from the connection or from a trusted proxy in front, it does nothing: so
 * one description serves both listeners. The host is the one that the client asked for; a request without one is refused
 * with 400 `request_malformed`.
 *
 * Traps: what a client has sent in plain text by then is not taken back: see `hsts`. Behind a proxy that ends TLS and is not
 * trusted (`trustedProxies`), every client seems to come without, and is sent round in circles.
 *
 * @example
 * proxy().listen(80).listen({ port: 443, tls }).use(redirectToHttps(), hsts()).route('/', app)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function redirectToHttps(options: RedirectToHttpsOptions = {}): Filter {
  knownOptions('redirectToHttps', options, ['port', 'status'])
  const { port = 443, status = 308 } = options
  integer('redirectToHttps', 'port', port, { min: 1, max: 65_535 })
  if (![301, 302, 307, 308].includes(status))
    throw invalidOption('redirectToHttps', 'status', '301, 302, 307 or 308', status)
  const suffix = port === 443 ? '' : `:${port}`
  const step = onRequest(({ client, request }) => {
    if (client.scheme === 'https') return
    const host = request.host.replace(/:\d*$/, '')
    if (host === '') throw new ProxyError('request_malformed', { detail: 'it names no host' })
    const path = request.target.startsWith('/') ? request.target : '/'
    return respond(status, undefined, { Location: `https://${host}${suffix}${path}` })
  })
  return named(step, 'redirectToHttps')
}
