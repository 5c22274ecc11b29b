import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { ServerCertificate } from '../../core/network.ts'
import { CertificateError } from './certificate-error.ts'
import { subjectAltNames } from './subject-alt-names.ts'

/** What a certificate is made of, before anyone has looked at it. */
export interface CertificateParts {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
  readonly passphrase: string | undefined
  readonly ocsp: Uint8Array | undefined
  /** In lower case. `undefined`: those in the certificate. */
  readonly names: readonly string[] | undefined
}

/** Checks that certificate, key and names belong together. @throws CertificateError */
export function serverCertificate(parts: CertificateParts): ServerCertificate {
  const { passphrase, ocsp } = parts
  const cert = textOf(parts.cert)
  const key = textOf(parts.key)
  const leaf = firstCertificate(cert)
  const privateKey = readKey(key, passphrase)
  if (!leaf.checkPrivateKey(privateKey)) throw new CertificateError('the key is not that of the certificate')
  if (ocsp !== undefined && !isOcspResponse(ocsp))
    throw new CertificateError('the OCSP response is none in DER that says "successful"')
  const names = parts.names ?? namesOf(leaf)
  return {
    names,
    cert,
    key,
    passphrase,
    ocspResponse: ocsp && Buffer.from(ocsp),
    endsAt: leaf.validToDate.getTime(),
  }
}

/** The certificates of authorities in a PEM text, of which there is at least one. @throws CertificateError */
export function authorityCertificates(pem: string | Uint8Array): string[] {
  const found = textOf(pem).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw new CertificateError('there is no certificate in PEM')
  for (const one of found) firstCertificate(one)
  return found
}

function firstCertificate(pem: string): X509Certificate {
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new CertificateError('there is no certificate in PEM')
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new CertificateError('the certificate cannot be read', undefined, { cause })
  }
}

function readKey(key: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (cause) {
    const encrypted = key.includes('ENCRYPTED')
    const why = !encrypted
      ? 'as PEM'
      : passphrase === undefined
        ? 'without a passphrase'
        : 'with this passphrase'
    throw new CertificateError(`the key cannot be read ${why}`, undefined, { cause })
  }
}

/** RFC 9525: the subject's common name is no name of a server. */
function namesOf(leaf: X509Certificate): string[] {
  return subjectAltNames(leaf)
    .filter(({ kind }) => kind === 'DNS')
    .map(({ value }) => value.toLowerCase())
}

/** RFC 6960 section 4.2.1: a sequence that begins with the status, of which 0 is "successful". */
function isOcspResponse(der: Uint8Array): boolean {
  if (der[0] !== 0x30) return false
  const at = 2 + (der[1]! >= 0x80 ? der[1]! & 0x7f : 0)
  return der[at] === 0x0a && der[at + 1] === 1 && der[at + 2] === 0
}

function textOf(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1')
}
