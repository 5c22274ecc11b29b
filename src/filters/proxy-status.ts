import { causeText } from '../core/ended-by.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { errorStatusMember } from '../core/proxy-status.ts'
import { quotedString, tokenOrString } from '../core/structured-field.ts'

export interface ProxyStatusOptions {
  /** What the proxy calls itself: its host name, or a name for all of its kind. Printable ASCII. Default `gatewright`. */
  name?: string
  /** Whether host and port of the endpoint are told, as `next-hop`. Default false: they are of the inside. */
  nextHop?: boolean
  /** Whether the status that the service gave is told, as `received-status`. Default false. */
  received?: boolean
  /** Whether error answers say more in words, as `details`: the error and its cause. Default false: they may be of the inside. */
  details?: boolean
}

const OWNER = 'proxyStatus'

const OPTIONS: readonly string[] = [
  'name',
  'nextHop',
  'received',
  'details',
] satisfies (keyof ProxyStatusOptions)[]

const NAME = /^[ -~]+$/

/**
 * Says in `Proxy-Status` (RFC 9209) that the response has passed this proxy, and for an error what has gone wrong: by a word that
 * other proxies and their operators understand.
 *
 * A response gets a member at the end of what proxies nearer to the service have said: `gatewright; received-status=200`. Error
 * answers have one without this filter too, `gatewright; error=connection_refused`, unless the fault is the client's; with it,
 * that has the name and what else the options say. The words are those of [the table](../errors.md).
 *
 * It belongs in `proxy().use(...)`, in front of filters that refuse. Behind a cache, a cache would store what it says.
 *
 * @example
 * proxy().use(proxyStatus({ name: 'edge-1.example.net', received: true }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function proxyStatus(options: ProxyStatusOptions = {}): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const { name = 'gatewright', nextHop = false, received = false, details = false } = options
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalidOption(OWNER, 'name', 'a text of printable ASCII that is not empty', name)
  for (const [option, value] of Object.entries({ nextHop, received, details }))
    if (typeof value !== 'boolean') throw invalidOption(OWNER, option, 'true or false', value)
  const own = tokenOrString(name)

  const ofService = (exchange: Exchange): string => {
    if (!nextHop && !received) return ''
    const attempts = exchange.record().attempts
    const attempt = attempts.findLast(({ status }) => status !== undefined) ?? attempts.at(-1)
    if (attempt === undefined) return ''
    const hop = nextHop ? `; next-hop=${tokenOrString(hostOf(attempt.url))}` : ''
    return received && attempt.status !== undefined ? `${hop}; received-status=${attempt.status}` : hop
  }
  const ofError = (error: ProxyError, exchange: Exchange): string => {
    const more = details ? `; details=${quotedString(detailsOf(error))}` : ''
    return `${own}; error=${error.proxyStatus}${ofService(exchange)}${more}`
  }
  const filter: Filter = (exchange, next) => {
    if (nextHop || received) exchange.record()
    exchange.set(errorStatusMember, ofError)
    const passed = (response: ResponseMessage): ResponseMessage => {
      response.headers.append('Proxy-Status', `${own}${ofService(exchange)}`)
      return response
    }
    const response = next(exchange)
    return response instanceof ResponseMessage ? passed(response) : response.then(passed)
  }
  return named(filter, OWNER)
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}

function detailsOf(error: ProxyError): string {
  const cause = causeText(error)
  return cause === undefined ? error.message : `${error.message} (${cause})`
}
