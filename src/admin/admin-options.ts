import { AddressRanges } from '../core/address-ranges.ts'
import { type HostPattern, parseHostPattern } from '../core/host-pattern.ts'
import { invalidOption, invalidSecret, knownOptions } from '../core/options.ts'
import { plainAddress } from '../core/plain-address.ts'
import type { ListenOptions } from '../proxy/description.ts'
import { proxy } from '../proxy/proxy.ts'
import { type TlsListenOptions, tlsSettings } from '../transport/tls/listen-options.ts'
import { AccessTokens } from './guards/access-tokens.ts'

export interface AdminOptions {
  /** Default 9901; 0 takes a free one. */
  port?: number
  /** Default `127.0.0.1`. An address that others reach needs `token`, or `tls` that requires client certificates. */
  host?: string
  /**
   * What requests must have as `Authorization: Bearer`, but for `/health`, `/ready` and the files of the dashboard: a random
   * text of 16 characters or more, or several, such as the one of before and the one of now. Default none.
   */
  token?: string | readonly string[] | undefined
  /** TLS. With `clientCertificates: 'require'`, whoever has a certificate that is trusted may come in. Default none. */
  tls?: TlsListenOptions
  /**
   * Further names that it may be asked by: `admin.example.com`, `*.example.com`. Addresses that clients connect to, the
   * loopback's and `localhost` are allowed anyway. Default none.
   */
  allowedHosts?: readonly string[]
  /** Whether it only shows, and steers nothing. Default false. */
  readOnly?: boolean
  /**
   * Whether CPU profiles and heap snapshots may be asked for. Whoever has a snapshot has all that is in memory: keys, tokens,
   * bodies. Without a token, that is each user of this machine. Default false.
   */
  profiling?: boolean
  /**
   * Whether a tap may show bodies: `bodies=1024`. Nothing in them is masked, passwords included. Without a token, each user of
   * this machine may look. Default false.
   */
  tapBodies?: boolean
}

/** The options, checked and with their defaults. */
export interface AdminSettings {
  readonly listen: ListenOptions
  /** As it is bound. */
  readonly host: string
  /** `undefined` where none is needed. */
  readonly tokens: AccessTokens | undefined
  /** The same for TLS that says the same; `undefined` without. */
  readonly tlsIdentity: string | undefined
  readonly allowedHosts: readonly HostPattern[]
  readonly readOnly: boolean
  readonly profiling: boolean
  readonly tapBodies: boolean
}

const OWNER = 'admin'

const OPTIONS: readonly string[] = [
  'port',
  'host',
  'token',
  'tls',
  'allowedHosts',
  'readOnly',
  'profiling',
  'tapBodies',
] satisfies (keyof AdminOptions)[]

/** Whoever asks for more has lost his way. */
const LIMITS = { bodyBytes: '64kb', connections: 1_000 } as const

const LOOPBACK = new AddressRanges(OWNER, 'host', ['loopback'])

/** @throws `ERR_OPTION_INVALID`; tokens are never in its message. */
export function adminSettings(options: AdminOptions): AdminSettings {
  knownOptions(OWNER, options, OPTIONS)
  const { port = 9901, host = '127.0.0.1', token, tls, allowedHosts = [] } = options
  const { readOnly = false, profiling = false, tapBodies = false } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalidOption(OWNER, 'port', 'a whole number from 0 to 65535', port)
  if (typeof host !== 'string' || host === '')
    throw invalidOption(OWNER, 'host', 'an address or a host name', host)
  if (typeof readOnly !== 'boolean') throw invalidOption(OWNER, 'readOnly', 'true or false', readOnly)
  if (typeof profiling !== 'boolean') throw invalidOption(OWNER, 'profiling', 'true or false', profiling)
  if (typeof tapBodies !== 'boolean') throw invalidOption(OWNER, 'tapBodies', 'true or false', tapBodies)
  if (!Array.isArray(allowedHosts))
    throw invalidOption(OWNER, 'allowedHosts', 'a list of host names', allowedHosts)
  const tokens = token === undefined ? undefined : new AccessTokens(checkedTokens(token))
  const listen: ListenOptions = { port, host, limits: LIMITS, ...(tls === undefined ? {} : { tls }) }
  // A mistake in what is said of TLS shows at the call.
  proxy().listen(listen)
  if (!isLoopback(host) && tokens === undefined && tls?.clientCertificates !== 'require')
    throw invalidOption(
      OWNER,
      'host',
      'an address of the loopback, unless "token" is given or "tls" requires client certificates',
      host,
    )
  return {
    listen,
    host,
    tokens,
    tlsIdentity: tls === undefined ? undefined : tlsSettings(tls).identity,
    allowedHosts: allowedHosts.map((it: string) => parseHostPattern(OWNER, 'allowedHosts', it)),
    readOnly,
    profiling,
    tapBodies,
  }
}

/** Whether only this machine reaches an address, or a name, that something is bound to. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || LOOPBACK.includes(plainAddress(host))
}

function checkedTokens(token: string | readonly string[]): readonly string[] {
  const all: readonly unknown[] = Array.isArray(token) ? token : [token]
  // No white space and no control bytes: none of them gets through a field unharmed.
  const isToken = (it: unknown) => typeof it === 'string' && /^[\x21-\x7e]{16,1024}$/.test(it)
  if (all.length > 0 && all.every(isToken)) return all as readonly string[]
  throw invalidSecret(
    OWNER,
    'token',
    'a random text of 16 to 1024 visible characters, or a list of such',
    token,
  )
}
