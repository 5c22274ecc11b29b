import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { TlsConnectOptions } from '../core/network.ts'
import { invalidOption, invalidSecret, knownOptions, OptionError } from '../core/options.ts'

/** Refuses what no connection could be made with, at the call that gives it and not at the first request. */
export function checkTlsOptions(owner: string, tls: TlsConnectOptions): void {
  knownOptions(owner, tls, [
    'servername',
    'verifyName',
    'ca',
    'cert',
    'key',
    'passphrase',
    'pins',
    'minVersion',
    'dangerouslyAcceptAnyCertificate',
    'alpn',
  ])
  const { alpn } = tls
  if (alpn !== undefined && !(Array.isArray(alpn) && alpn.every(isAlpnProtocol)))
    throw invalidOption(owner, 'tls.alpn', "a list of protocols, such as ['postgresql']", alpn)
  const { servername, verifyName, pins, minVersion, dangerouslyAcceptAnyCertificate } = tls
  for (const [name, value] of Object.entries({ servername, verifyName }))
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw invalidOption(owner, `tls.${name}`, 'a host name', value)
  if (minVersion !== undefined && minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3')
    throw invalidOption(owner, 'tls.minVersion', '"TLSv1.2" or "TLSv1.3"', minVersion)
  if (dangerouslyAcceptAnyCertificate !== undefined && typeof dangerouslyAcceptAnyCertificate !== 'boolean') {
    throw invalidOption(
      owner,
      'tls.dangerouslyAcceptAnyCertificate',
      'true or false',
      dangerouslyAcceptAnyCertificate,
    )
  }
  if (verifyName !== undefined && dangerouslyAcceptAnyCertificate === true)
    throw invalidOption(owner, 'tls.verifyName', 'left out where any certificate is accepted', verifyName)
  checkAuthorities(owner, tls)
  checkOwnCertificate(owner, tls)
  if (pins !== undefined) checkPins(owner, pins)
}

/** RFC 7301 section 3.1. */
export function isAlpnProtocol(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= 255
}

function checkAuthorities(owner: string, { ca }: TlsConnectOptions): void {
  if (ca === undefined) return
  for (const one of [ca].flat()) {
    try {
      new X509Certificate(one)
    } catch {
      throw invalidOption(owner, 'tls.ca', 'certificates as PEM text or bytes', one)
    }
  }
}

function checkOwnCertificate(owner: string, { cert, key, passphrase }: TlsConnectOptions): void {
  if (passphrase !== undefined && (typeof passphrase !== 'string' || key === undefined))
    throw invalidSecret(owner, 'tls.passphrase', 'a string that goes with "key"', passphrase)
  if (cert === undefined && key === undefined) return
  for (const [name, value] of Object.entries({ cert, key }))
    if (typeof value !== 'string' && !(value instanceof Uint8Array))
      throw invalidSecret(owner, `tls.${name}`, 'PEM, as text or bytes', value)
  let fits: boolean
  try {
    const privateKey = createPrivateKey({
      key: key as string | Buffer,
      ...(passphrase === undefined ? {} : { passphrase }),
    })
    fits = new X509Certificate(cert as string | Buffer).checkPrivateKey(privateKey)
  } catch (cause) {
    const { message } = cause as Error
    throw new OptionError(
      `${owner}: "tls.cert" must be a certificate with its key, but they cannot be read: ${message}`,
      'tls.cert',
    )
  }
  if (!fits)
    throw new OptionError(
      `${owner}: "tls.cert" must be a certificate with its key, but "tls.key" is another one`,
      'tls.cert',
    )
}

/** The SHA-256 of a key: 32 bytes. */
const PIN = /^[A-Za-z0-9+/]{43}=$/

function checkPins(owner: string, pins: unknown): void {
  const expected = 'a list of SHA-256 hashes of public keys (SPKI), in base64'
  if (!Array.isArray(pins) || pins.length === 0) throw invalidOption(owner, 'tls.pins', expected, pins)
  for (const pin of pins)
    if (typeof pin !== 'string' || !PIN.test(pin)) throw invalidOption(owner, 'tls.pins', expected, pin)
}
