import type { Candidates, Endpoint, EndpointPreference } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import { FieldKind, fieldName } from '../core/field-name.ts'
import { type Filter, named } from '../core/handler.ts'
import { isFieldName } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, invalidSecret, knownOptions } from '../core/options.ts'
import { cookieValues } from '../core/request-cookies.ts'
import { EndpointTokens } from './affinity/endpoint-tokens.ts'
import { type OwnCookie, type OwnCookieOptions, ownCookie } from './fields/own-cookie.ts'

export interface StickyOptions {
  /**
   * Secrets of at least 32 bytes (text as UTF-8), the same on all proxies. The first signs, all are believed: to rotate, put
   * the new one in front, and take the old one away when its sessions are over.
   */
  keys: string | Uint8Array | readonly (string | Uint8Array)[]
  /** The cookie that the session is kept in. Default `__Host-affinity`, for the whole host, over HTTPS alone, until the browser ends. */
  cookie?: OwnCookieOptions
  /**
   * In place of a cookie: the field of a response that names the endpoint, which the client sends back as it is. For clients
   * that keep no cookies. Default none.
   */
  header?: string
  /**
   * What becomes of a session whose endpoint is gone, unhealthy, ejected, drained or has failed. `pick`: another endpoint
   * is picked, and the session stays with that one. `fail`: 503 `no_endpoint`, until the endpoint is back; attempts of `retry`
   * are made there alone. Default `pick`.
   */
  ifGone?: 'pick' | 'fail'
}

const OWNER = 'sticky'
const MIN_KEY_BYTES = 32
/** Clients have one for each path and domain that it was set for. A signature is checked for each, so a thousand would be time. */
const MAX_TOKENS = 8

const OPTIONS: readonly string[] = ['keys', 'cookie', 'header', 'ifGone'] satisfies (keyof StickyOptions)[]

/**
 * Keeps the requests of a session at one endpoint of a pool, for services that keep sessions in memory.
 *
 * The balancer picks for the first request, and the response gets a cookie that names the endpoint; from then on requests
 * with it go there, as long as the endpoint may be chosen at all, whatever its tier, zone or load. What then, `ifGone`
 * says. A session whose endpoint has changed, or whose cookie is of an older key, gets a new cookie; others get none.
 *
 * The cookie holds no id and no address, but an HMAC-SHA256 of the endpoint's id under the first key, signed. One that is
 * forged, of another name, or of a key that is gone is ignored, as if there were none; so is the ninth of one name. It is the same for all sessions of an
 * endpoint: it says nothing of the client, and is no proof of anything. Reloads keep sessions, because endpoints keep
 * their ids; so do other proxies with the same keys.
 *
 * It stands around one pool: `pool(...).guard(sticky(...))`. Each pool of a host needs a cookie name of its own.
 *
 * Traps: sessions are as uneven as their clients; and one that has moved stays where it is when its first endpoint comes back. A shared cache that
 * keeps a response with the cookie gives all its readers one endpoint. A request of a session is not hedged. For a key that the
 * request has anyway, `consistentHash` needs no cookie.
 *
 * @example pool(['http://u1:8080', 'http://u2:8080']).guard(sticky({ keys: [process.env.AFFINITY_KEY ?? ''] }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong. The message never holds a key.
 */
export function sticky(options: StickyOptions): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const { cookie, header, ifGone = 'pick' } = options
  if (ifGone !== 'pick' && ifGone !== 'fail') throw invalidOption(OWNER, 'ifGone', '"pick" or "fail"', ifGone)
  if (cookie !== undefined && header !== undefined)
    throw invalidOption(OWNER, 'header', 'left out, where "cookie" is given', header)
  const carrier =
    header === undefined ? inCookie(ownCookie(OWNER, cookie ?? {}, '__Host-affinity')) : inField(header)
  const tokens = new EndpointTokens(checkedKeys(options.keys), carrier.purpose)

  const filter: Filter = (exchange, next) => {
    const session = new Session(tokens, carrier.read(exchange), ifGone === 'fail')
    exchange.preference = session
    let answer: Promise<ResponseMessage> | ResponseMessage
    try {
      answer = next(exchange)
    } catch (error) {
      exchange.preference = undefined
      throw error
    }
    if (answer instanceof ResponseMessage) return kept(answer, session, carrier, exchange)
    return answer.then(
      (it) => kept(it, session, carrier, exchange),
      (error) => {
        // A pool that answers in this one's place has other endpoints.
        exchange.preference = undefined
        throw error
      },
    )
  }
  return named(filter, OWNER)
}

/** Names the endpoint that has answered, where the client does not know that already. */
function kept(
  response: ResponseMessage,
  session: Session,
  carrier: Carrier,
  exchange: Exchange,
): ResponseMessage {
  exchange.preference = undefined
  const { endpoint } = exchange
  const token = endpoint === undefined ? undefined : session.tokenFor(endpoint)
  if (token !== undefined) carrier.write(response, token)
  return response
}

/** What one request says of its endpoint, by the tokens that it has. */
class Session implements EndpointPreference {
  readonly #tokens: EndpointTokens
  readonly #shown: readonly string[]
  readonly #failIfGone: boolean
  /** Whether one of the tokens is ours; `undefined` as long as nobody had to know. */
  #ours: boolean | undefined = undefined

  constructor(tokens: EndpointTokens, shown: readonly string[], failIfGone: boolean) {
    this.#tokens = tokens
    this.#shown = shown
    this.#failIfGone = failIfGone
  }

  get strict(): boolean {
    if (!this.#failIfGone) return false
    this.#ours ??= this.#shown.some((token) => this.#tokens.isOurs(token))
    return this.#ours
  }

  among(serving: Candidates): Candidates | undefined {
    for (const token of this.#shown) {
      const found = this.#tokens.find(token, serving)
      if (found === undefined) continue
      this.#ours = true
      return found
    }
    return this.strict ? NONE : undefined
  }

  /** `undefined` where the client has it. */
  tokenFor(endpoint: Endpoint): string | undefined {
    const token = this.#tokens.of(endpoint)
    return this.#shown.includes(token) ? undefined : token
  }
}

const NONE: Candidates = []

/** Where clients keep tokens. */
interface Carrier {
  readonly purpose: string
  read(exchange: Exchange): readonly string[]
  write(response: ResponseMessage, token: string): void
}

function inCookie(cookie: OwnCookie): Carrier {
  return {
    purpose: `cookie ${cookie.name}`,
    read: ({ request }) => cookieValues(request.headers, cookie.name).slice(0, MAX_TOKENS),
    write: ({ headers }, token) => void headers.append('Set-Cookie', cookie.line(token)),
  }
}

function inField(name: string): Carrier {
  if (!isFieldName(name) || fieldName(name).kind !== FieldKind.ordinary)
    throw invalidOption(OWNER, 'header', 'a field of your own, such as "X-Affinity"', name)
  return {
    purpose: `field ${name.toLowerCase()}`,
    read({ request }) {
      const value = request.headers.get(name)
      return value === undefined ? [] : [value]
    },
    write: ({ headers }, token) => void headers.set(name, token),
  }
}

function checkedKeys(keys: StickyOptions['keys']): readonly Uint8Array[] {
  const list = Array.isArray(keys) ? (keys as readonly unknown[]) : [keys]
  if (list.length === 0) throw invalidSecret(OWNER, 'keys', 'at least one key', keys)
  return list.map((key) => {
    const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key
    if (!(bytes instanceof Uint8Array) || bytes.byteLength < MIN_KEY_BYTES)
      throw invalidSecret(OWNER, 'keys', `keys of at least ${MIN_KEY_BYTES} bytes`, key)
    // Of one that is overwritten later, nothing here must change.
    return Uint8Array.from(bytes)
  })
}
