import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { checkedPrefixes, clientPath, type PathPrefixes } from './fields/path-prefixes.ts'

export interface RewriteLocationOptions {
  /**
   * Origins by which services call themselves, beside those that are known anyway: the address of the endpoint that
   * answered, and the host that the client asked for. Scheme is ignored, port is not. Default none.
   */
  internal?: string | readonly string[]
  /**
   * What is written in their place: an origin such as `https://shop.example`. Default none: only the path is left, which
   * clients take for one of the address that they asked for.
   */
  publicOrigin?: string
  /**
   * Where paths of services are found from outside, by their first segments: `{ '/': '/api' }` for a service whose `/login`
   * is `/api/login` to clients. The longest that fits counts. Default: what filters within have taken off the front of the
   * path of the request, as `stripPrefix` does.
   */
  prefixes?: Readonly<Record<string, string>>
}

const OPTIONS: readonly string[] = [
  'internal',
  'publicOrigin',
  'prefixes',
] satisfies (keyof RewriteLocationOptions)[]

/**
 * Makes addresses in responses such as clients can use: in `Location`, `Content-Location` and `Refresh`.
 *
 * - An address with an origin of the service's own loses it, or gets `publicOrigin` in its place.
 * - One with the host that the client asked for keeps it. Where it says `http` and the client came by HTTPS, only its path is
 *   left: the service does not know of the proxy's TLS. One that says `https` to a client that came without stays.
 * - A relative one is read as the service means it, against the path that the service was asked for.
 * - Of each of these, the path gets back the prefix that was taken off, or the one of `prefixes`, unless it has that already.
 * - Every other address is foreign and stays as it is, to the byte. So does what is no address, and one that needs no change.
 *
 * The new address never names another host than the old one, `publicOrigin` aside: of `http://internal//evil.example`,
 * `/.//evil.example` is left, which is a path.
 *
 * Traps: stands outside of `stripPrefix`, so before it in the list, since it compares the path before and behind. Does not
 * see what filters of a pool (`pool.use`) do to the path: for these, give `prefixes`. Bodies stay as they are.
 *
 * @example proxy().route('/api', rewriteLocation(), stripPrefix('/api'), pool(['http://10.0.0.7:8080']))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function rewriteLocation(options: RewriteLocationOptions = {}): Filter {
  knownOptions('rewriteLocation', options, OPTIONS)
  const { internal = [], publicOrigin, prefixes } = options
  const hosts = new Set(listOf(internal).map((it) => checkedOrigin('internal', it).host))
  const origin = publicOrigin === undefined ? '' : checkedOrigin('publicOrigin', publicOrigin).origin
  const given = prefixes === undefined ? undefined : checkedPrefixes('rewriteLocation', 'prefixes', prefixes)

  const filter: Filter = (exchange, next) => {
    const { path } = exchange.request
    const answer = next(exchange)
    const mapped = (response: ResponseMessage): ResponseMessage => {
      if (response.headers.fields.some(({ lower }) => FIELDS.has(lower)))
        response.headers = mapFields(response.headers, new Addresses(exchange, path, hosts, origin, given))
      return response
    }
    return answer instanceof ResponseMessage ? mapped(answer) : answer.then(mapped)
  }
  return named(filter, 'rewriteLocation')
}

const FIELDS: ReadonlySet<string> = new Set(['location', 'content-location', 'refresh'])

function mapFields({ fields, values }: HeaderList, addresses: Addresses): HeaderList {
  return HeaderList.of(
    [...fields],
    values.map((value, i) => {
      const { lower } = fields[i]!
      return FIELDS.has(lower) ? addresses.inField(lower, value) : value
    }),
  )
}

/** Stands for the host of a relative address. No real one ends so (RFC 6761 section 6.4). */
const RELATIVE = 'relative.invalid'

/** What addresses in one response mean. */
class Addresses {
  readonly #exchange: Exchange
  readonly #internal: ReadonlySet<string>
  readonly #publicOrigin: string
  readonly #prefixes: PathPrefixes

  constructor(
    exchange: Exchange,
    pathBefore: string,
    internal: ReadonlySet<string>,
    publicOrigin: string,
    prefixes: PathPrefixes | undefined,
  ) {
    this.#exchange = exchange
    this.#internal = internal
    this.#publicOrigin = publicOrigin
    this.#prefixes = prefixes ?? takenOff(pathBefore, exchange.request.path)
  }

  /** The value of a field with the addresses that clients can use. */
  inField(name: string, value: string): string {
    if (name !== 'refresh') return this.mapped(value)
    const [, before = '', address = '', behind = ''] = REFRESH.exec(value) ?? []
    return address === '' ? value : before + this.mapped(address) + behind
  }

  /** The address that a client can use; the very same text where that is the one. */
  mapped(text: string): string {
    const { client, request } = this.#exchange
    const decoded = asText(text)
    if (decoded === undefined || decoded === '') return text
    const url = URL.parse(
      decoded,
      `${client.scheme}://${RELATIVE}${request.path === '*' ? '/' : request.target}`,
    )
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return text
    const path = clientPath(url.pathname, this.#prefixes)
    const origin = this.#originOf(url)
    if (origin === undefined) return text
    // Nothing is wrong with it.
    if (path === url.pathname && (url.host === RELATIVE || origin === url.origin)) return text
    const rest = path + url.search + url.hash
    // Two slashes would begin a host.
    return origin === '' && rest.startsWith('//') ? `/.${rest}` : origin + rest
  }

  /** What stands before the path; `undefined` for a foreign address, which is none of our business. */
  #originOf({ host, protocol, origin }: URL): string | undefined {
    const { client, endpoint, request } = this.#exchange
    if (host === RELATIVE) return ''
    if (this.#internal.has(host)) return this.#publicOrigin
    if (host === URL.parse(`${client.scheme}://${request.host}`)?.host)
      return protocol === 'http:' && client.scheme === 'https' ? this.#publicOrigin : origin
    return endpoint !== undefined && host === URL.parse(endpoint.url)?.host ? this.#publicOrigin : undefined
  }
}

/** `5; url='/next'`, as browsers read it (HTML, "shared declarative refresh steps"). */
const REFRESH = /^(\s*\d+(?:\.\d*)?\s*[;,]\s*url\s*=\s*["']?)([^"']+)(.*)$/is

/** What was taken off the front of a path. */
function takenOff(before: string, after: string): PathPrefixes {
  if (before === after || before === '*' || after === '*') return []
  if (before.endsWith(after)) return [['/', before.slice(0, -after.length)]]
  return after === '/' ? [['/', before]] : []
}

/** Bytes beyond ASCII are UTF-8, as browsers read them; `undefined` for what is not. */
function asText(value: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(value)) return value
  try {
    return UTF8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return undefined
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function listOf(origins: string | readonly string[]): readonly string[] {
  return Array.isArray(origins) ? (origins as readonly string[]) : [origins as string]
}

function checkedOrigin(option: string, text: unknown): URL {
  const url = typeof text === 'string' && /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) ? URL.parse(text) : null
  if (url !== null) return url
  throw invalidOption(
    'rewriteLocation',
    option,
    'an origin such as "https://shop.example", without a path',
    text,
  )
}
