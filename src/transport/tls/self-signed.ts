import { generateKeyPairSync } from 'node:crypto'
import { isIP } from 'node:net'
import { type Clock, systemClock } from '../../core/clock.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../../core/options.ts'
import { makeCertificate } from './certificate.ts'

export interface SelfSignedOptions {
  /** Host names and addresses that it is for, beside `localhost`, `127.0.0.1` and `::1`. `*.` stands for one label. */
  readonly names?: readonly string[]
  /** How long it is valid, from an hour ago on. Default 30 days. */
  readonly validFor?: Duration
  /** Whose date counts. Default the real one. */
  readonly clock?: Clock
}

/** A certificate and its key, both as PEM text. */
export interface SelfSigned {
  readonly cert: string
  readonly key: string
}

/**
 * Makes a key and a certificate for development, without openssl: ECDSA on P-256, for `localhost`, `127.0.0.1`, `::1` and
 * the names given. It vouches for itself, so clients must be told to trust it: `curl --cacert`, `ca` in Node.
 *
 * Each call makes another key. Trap: browsers warn of it, and should. In production take one from an authority.
 *
 * @example
 * proxy().listen({ port: 8443, tls: selfSigned({ names: ['app.test', '*.app.test'] }) })
 *
 * @throws `ERR_OPTION_INVALID` for a name that no certificate can hold.
 */
export function selfSigned(options: SelfSignedOptions = {}): SelfSigned {
  const owner = 'selfSigned'
  knownOptions(owner, options, ['names', 'validFor', 'clock'])
  const { names = [], validFor = '30d', clock = systemClock } = options
  if (!Array.isArray(names)) throw invalidOption(owner, 'names', 'a list of host names and addresses', names)
  for (const name of names)
    if (!isCertificateName(name))
      throw invalidOption(owner, 'names', 'a list of host names and addresses', name)
  const lastsMs = durationMs(owner, 'validFor', validFor, { min: 1_000 })
  const all = [...new Set([...names, 'localhost', '127.0.0.1', '::1'])]
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [subject = ''] = all
  // Clients whose clock is a little behind.
  const validFrom = clock.wallTime() - 3_600_000
  const validTo = clock.wallTime() + lastsMs
  const issuer = { subject, privateKey }
  return {
    cert: makeCertificate({ subject, publicKey, issuer, names: all, validFrom, validTo }),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

const LABELS =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i

function isCertificateName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= 253 &&
    (isIP(name) !== 0 ? !name.includes('%') : LABELS.test(name))
  )
}
