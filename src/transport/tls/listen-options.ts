import { createHash } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { ServerCertificate, TlsServerSettings } from '../../core/network.ts'
import { type Duration, durationMs, invalidOption, invalidSecret, knownOptions } from '../../core/options.ts'
import { CertificateError } from './certificate-error.ts'
import {
  CERTIFICATE_OPTIONS,
  type CertificateOptions,
  certificateSource,
  filePath,
  isPem,
} from './certificate-options.ts'
import type { MadeOfFiles } from './made-of-files.ts'
import { authorityCertificates } from './server-certificate.ts'
import { CIPHERS, curves as knownCurves, OLD_CIPHERS } from './tls-policy.ts'

/** TLS on a listener: a certificate or several, and how handshakes are answered. */
export type TlsListenOptions = TlsOptions & (CertificateOptions | CertificatesOptions)

export interface CertificatesOptions {
  /** Several, by the names of servers. The first is shown to clients that name none, or one that none is for. */
  certificates: readonly CertificateOptions[]
}

export interface TlsOptions {
  /** Default `TLSv1.2`. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** Lets clients in that know no better than TLS 1.0 or 1.1, which RFC 8996 forbids. Off. */
  dangerouslyAllowTls10And11?: boolean
  /** Cipher suites in OpenSSL's words. Default: Mozilla's "intermediate", version 6.0. */
  ciphers?: string
  /** Groups for the key exchange in OpenSSL's words. Default: Mozilla's, `X25519MLKEM768:X25519:prime256v1:secp384r1`. */
  curves?: string
  /** Whether our order of ciphers counts, and not the client's. Default false, as Mozilla has it. */
  preferServerCiphers?: boolean
  /** Whether clients are asked for a certificate. `'require'` refuses those that show none that is trusted. Default `'off'`. */
  clientCertificates?: 'off' | 'request' | 'require'
  /** Who vouches for clients: certificates as PEM text or bytes. */
  clientCa?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** The same in a file, which is watched. */
  clientCaFile?: string
  /** How long a session can be resumed; 0 for none. Default 5 minutes. */
  sessionMs?: Duration
  /** 48 secret bytes that protect session tickets: the same on all machines. Default: made here, anew every 12 hours; several workers have the same. */
  ticketKeys?: Uint8Array
  /** The same in a file of 48 bytes, which is watched. */
  ticketKeysFile?: string
  /** How often files are looked at. `Infinity` for never. Default 10 s. */
  watchMs?: Duration
  /** Told when new files were taken over, and when they could not be. */
  onReload?: (reload: CertificateReload) => void
}

/** What has become of files that have changed. */
export interface CertificateReload {
  /** `loaded`: they count from the next handshake on. `failed`: what was there before goes on. */
  readonly result: 'loaded' | 'failed'
  readonly files: readonly string[]
  /** Why it failed. */
  readonly error: Error | undefined
}

/** The options, checked and with their defaults. */
export interface TlsSettings {
  readonly certificates: readonly MadeOfFiles<ServerCertificate>[]
  readonly clientCa: MadeOfFiles<readonly string[]>
  readonly ticketKeys: MadeOfFiles<Buffer> | undefined
  readonly policy: Omit<TlsServerSettings, 'certificates' | 'clientCa' | 'ticketKeys'>
  readonly watchMs: number
  readonly onReload: ((reload: CertificateReload) => void) | undefined
  /** The same for options that say the same. */
  readonly identity: string
}

const OWNER = 'listen'

const OPTIONS = [
  'minVersion',
  'dangerouslyAllowTls10And11',
  'ciphers',
  'curves',
  'preferServerCiphers',
  'clientCertificates',
  'clientCa',
  'clientCaFile',
  'sessionMs',
  'ticketKeys',
  'ticketKeysFile',
  'watchMs',
  'onReload',
] satisfies (keyof TlsOptions)[]

/**
 * Checks the options and fills in the defaults. What stands in files is looked at when the listener opens. `alpn`: the
 * protocols that clients can agree on, the one preferred first.
 */
export function tlsSettings(options: TlsListenOptions, alpn: readonly string[] = ['http/1.1']): TlsSettings {
  if (typeof options !== 'object' || options === null)
    throw invalidOption(OWNER, 'tls', 'an object with a certificate and its key', options)
  const { sessionMs = 300_000, watchMs = 10_000, onReload } = options
  if (onReload !== undefined && typeof onReload !== 'function')
    throw invalidOption(OWNER, 'tls.onReload', 'a function', onReload)
  return {
    certificates: certificatesOf(options),
    clientCa: clientCaOf(options),
    ticketKeys: ticketKeysOf(options),
    policy: {
      ...protocolOf(options),
      alpn,
      clientCertificates: clientCertificatesOf(options),
      sessionMs: durationMs(OWNER, 'tls.sessionMs', sessionMs),
    },
    watchMs: durationMs(OWNER, 'tls.watchMs', watchMs, { min: 1, unlimited: true }),
    onReload,
    identity: JSON.stringify([alpn, identityOf(options)]),
  }
}

function certificatesOf(options: TlsListenOptions): MadeOfFiles<ServerCertificate>[] {
  if (!('certificates' in options)) {
    knownOptions(`${OWNER}: tls`, options, [...CERTIFICATE_OPTIONS, ...OPTIONS, 'certificates'])
    return [certificateSource(OWNER, 'tls', options)]
  }
  const { certificates } = options
  knownOptions(`${OWNER}: tls`, options, ['certificates', ...OPTIONS])
  if (!Array.isArray(certificates) || certificates.length === 0)
    throw invalidOption(OWNER, 'tls.certificates', 'a list of certificates with their keys', certificates)
  return certificates.map((one: CertificateOptions, i) => {
    knownOptions(`${OWNER}: tls.certificates[${i}]`, one, CERTIFICATE_OPTIONS)
    return certificateSource(OWNER, `tls.certificates[${i}]`, one)
  })
}

type Protocol = Pick<TlsServerSettings, 'minVersion' | 'ciphers' | 'curves' | 'preferServerCiphers'>

function protocolOf(options: TlsOptions): Protocol {
  const { minVersion, dangerouslyAllowTls10And11: old = false, preferServerCiphers = false } = options
  flag('tls.dangerouslyAllowTls10And11', old)
  flag('tls.preferServerCiphers', preferServerCiphers)
  if (minVersion !== undefined && minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3')
    throw invalidOption(OWNER, 'tls.minVersion', '"TLSv1.2" or "TLSv1.3"', minVersion)
  if (old && minVersion !== undefined)
    throw invalidOption(OWNER, 'tls.minVersion', 'left out where older ones are allowed', minVersion)
  const { ciphers = old ? OLD_CIPHERS : CIPHERS, curves = knownCurves() } = options
  known('tls.ciphers', 'cipher suites that OpenSSL knows, with colons between', ciphers, { ciphers })
  known('tls.curves', 'groups that OpenSSL knows, with colons between', curves, { ecdhCurve: curves })
  return { minVersion: old ? 'TLSv1' : (minVersion ?? 'TLSv1.2'), ciphers, curves, preferServerCiphers }
}

function flag(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidOption(OWNER, option, 'true or false', value)
}

function known(option: string, expectation: string, value: unknown, context: object): void {
  try {
    if (typeof value === 'string' && value !== '') {
      createSecureContext(context)
      return
    }
  } catch {
    // Told below, in our own words.
  }
  throw invalidOption(OWNER, option, expectation, value)
}

function clientCertificatesOf(options: TlsOptions): TlsServerSettings['clientCertificates'] {
  const { clientCertificates = 'off', clientCa, clientCaFile } = options
  const given = clientCa ?? clientCaFile
  if (clientCertificates !== 'off' && clientCertificates !== 'request' && clientCertificates !== 'require')
    throw invalidOption(OWNER, 'tls.clientCertificates', '"off", "request" or "require"', clientCertificates)
  // Whoever has got a certificate from some authority is not for that reason a client of ours.
  if (clientCertificates === 'require' && given === undefined)
    throw invalidOption(OWNER, 'tls.clientCa', 'given where clients must show a certificate', given)
  if (clientCertificates === 'off' && given !== undefined)
    throw invalidOption(
      OWNER,
      'tls.clientCertificates',
      '"request" or "require" where "clientCa" is given',
      clientCertificates,
    )
  return clientCertificates
}

function clientCaOf({ clientCa, clientCaFile }: TlsOptions): MadeOfFiles<readonly string[]> {
  if (clientCaFile !== undefined) {
    if (clientCa !== undefined)
      throw invalidSecret(OWNER, 'tls.clientCa', 'left out where "clientCaFile" is given', clientCa)
    const file = filePath(OWNER, 'tls.clientCaFile', clientCaFile)
    return { files: [file], make: ([pem]) => authorityCertificates(pem!) }
  }
  const found = [clientCa ?? []].flat().flatMap((one: unknown) => {
    try {
      if (isPem(one)) return authorityCertificates(one)
    } catch {
      // Told below.
    }
    throw invalidOption(OWNER, 'tls.clientCa', 'certificates as PEM text or bytes', one)
  })
  return { files: [], make: () => found }
}

const TICKET_KEYS_BYTES = 48

function ticketKeysOf({ ticketKeys, ticketKeysFile }: TlsOptions): MadeOfFiles<Buffer> | undefined {
  if (ticketKeysFile !== undefined) {
    if (ticketKeys !== undefined)
      throw invalidSecret(OWNER, 'tls.ticketKeys', 'left out where "ticketKeysFile" is given', ticketKeys)
    const file = filePath(OWNER, 'tls.ticketKeysFile', ticketKeysFile)
    return { files: [file], make: ([bytes]) => checkedTicketKeys(bytes!) }
  }
  if (ticketKeys === undefined) return undefined
  if (!(ticketKeys instanceof Uint8Array))
    throw invalidSecret(OWNER, 'tls.ticketKeys', `${TICKET_KEYS_BYTES} bytes`, ticketKeys)
  if (ticketKeys.length !== TICKET_KEYS_BYTES)
    throw invalidOption(OWNER, 'tls.ticketKeys', `${TICKET_KEYS_BYTES} bytes`, ticketKeys.length)
  const copied = Buffer.from(ticketKeys)
  return { files: [], make: () => copied }
}

function checkedTicketKeys(bytes: Buffer): Buffer {
  if (bytes.length === TICKET_KEYS_BYTES) return bytes
  throw new CertificateError(`ticket keys are ${TICKET_KEYS_BYTES} bytes, not ${bytes.length}`)
}

/** A hash, for there are keys among the options. */
function identityOf(options: TlsListenOptions): string {
  const plain = JSON.stringify(options, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
  return createHash('sha256').update(plain).digest('base64')
}
