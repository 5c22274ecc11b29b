import { createHash, type KeyObject, sign } from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  boolean,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from './der.ts'

/** What a certificate says. */
export interface CertificateContent {
  /** Its common name. */
  readonly subject: string
  readonly publicKey: KeyObject
  /** Whoever signs it: the subject itself, or an authority. */
  readonly issuer: { readonly subject: string; readonly privateKey: KeyObject }
  /** Host names and addresses. */
  readonly names: readonly string[]
  /** Milliseconds since 1970 UTC. */
  readonly validFrom: number
  readonly validTo: number
  /** Whether it may sign others. */
  readonly authority?: boolean
}

/** A certificate (X.509 version 3, RFC 5280) for a key of the curve P-256, signed by one. In PEM. */
export function makeCertificate(content: CertificateContent): string {
  const { subject, publicKey, issuer, validFrom, validTo } = content
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const signed = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serialNumber(key, validFrom)),
    ECDSA_WITH_SHA256,
    commonName(issuer.subject),
    sequence(time(validFrom), time(validTo)),
    commonName(subject),
    key,
    tagged(3, sequence(...extensions(content, key))),
  )
  const signature = sign('sha256', signed, issuer.privateKey)
  return pem('CERTIFICATE', sequence(signed, ECDSA_WITH_SHA256, bitString(signature)))
}

const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'))

/** No two of one issuer may be equal, and they need not be guessed by nobody: so they follow from key and time. */
function serialNumber(key: Uint8Array, validFrom: number): Buffer {
  return createHash('sha256').update(key).update(`${validFrom}`).digest().subarray(0, 16)
}

function commonName(name: string): Buffer {
  // RFC 5280 appendix A.1: at most 64 characters.
  return sequence(set(sequence(objectId('2.5.4.3'), utf8String(name.slice(0, 64)))))
}

function extensions({ names, authority = false }: CertificateContent, key: Uint8Array): Buffer[] {
  const keyId = createHash('sha1').update(key).digest()
  // Bits from the left: digitalSignature is the first, keyCertSign the sixth.
  const usage = authority ? bitString(Buffer.from([0b10000100]), 2) : bitString(Buffer.from([0b10000000]), 7)
  const found = [
    extension('2.5.29.19', authority ? sequence(boolean(true)) : sequence(), true),
    extension('2.5.29.15', usage, true),
    extension('2.5.29.14', octetString(keyId)),
  ]
  if (!authority) {
    const server = objectId('1.3.6.1.5.5.7.3.1')
    const client = objectId('1.3.6.1.5.5.7.3.2')
    found.push(extension('2.5.29.37', sequence(server, client)))
  }
  if (names.length > 0) found.push(extension('2.5.29.17', sequence(...names.map(generalName))))
  return found
}

function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

function generalName(name: string): Buffer {
  return isIP(name) === 0
    ? tagged(2, Buffer.from(name, 'latin1'), false)
    : tagged(7, addressBytes(name), false)
}

/** Four bytes, or sixteen. The URL parser knows every way to write an IPv6 address, and writes it in one. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = '', after] = plain.split('::')
  const left = groups(before)
  const right = groups(after ?? '')
  const zeros = Array<number>(8 - left.length - right.length).fill(0)
  return Buffer.from([...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]))
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
