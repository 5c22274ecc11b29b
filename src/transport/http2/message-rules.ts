import { FieldKind } from '../../core/field-name.ts'
import { contentLength, SyntaxFault } from '../http1/syntax.ts'
import type { FieldBlock } from './field-block.ts'
import { Pseudo } from './field-rules.ts'

const NEEDED = Pseudo.method | Pseudo.scheme | Pseudo.path

/**
 * Why a header section is not that of a request (RFC 9113 sections 8.1.1, 8.3.1 and 8.5, RFC 8441 section 4), or `undefined`. That
 * a host is one, and that the path has one reading only, is for whoever makes an exchange of it, as in HTTP/1.1.
 */
export function requestFlaw(block: FieldBlock, extendedConnect: boolean): string | undefined {
  if (block.flaw !== undefined) return block.flaw
  const { pseudo, method, scheme } = block
  if ((pseudo & Pseudo.status) !== 0) return ':status in a request'
  if ((pseudo & Pseudo.protocol) !== 0) {
    if (!extendedConnect) return ':protocol, which was not offered'
    if (method !== 'CONNECT') return ':protocol with a method other than CONNECT'
    if ((pseudo & Pseudo.authority) === 0) return 'CONNECT without :authority'
  } else if (method === 'CONNECT') {
    if ((pseudo & Pseudo.authority) === 0) return 'CONNECT without :authority'
    if ((pseudo & (Pseudo.scheme | Pseudo.path)) !== 0) return 'CONNECT with :scheme or :path'
    return hostFlaw(block) ?? contentLengthFlaw(block)
  }
  if ((pseudo & NEEDED) !== NEEDED) return 'a request without :method, :scheme or :path'
  if (block.path === '*' && method !== 'OPTIONS') return 'the path "*" with a method other than OPTIONS'
  if (
    (pseudo & Pseudo.authority) === 0 &&
    (block.kinds & FieldKind.host) === 0 &&
    (scheme === 'https' || scheme === 'http')
  )
    return 'neither :authority nor Host'
  return hostFlaw(block) ?? contentLengthFlaw(block)
}

/** Why a header section is not that of a response, interim or final (RFC 9113 section 8.3.2), or `undefined`. */
export function responseFlaw(block: FieldBlock): string | undefined {
  if (block.flaw !== undefined) return block.flaw
  if (block.pseudo !== Pseudo.status) return 'a response with pseudo-header fields other than one :status'
  // RFC 9113 section 8.6: there is no switching of protocols.
  if (block.status === 101) return 'the status 101'
  return contentLengthFlaw(block)
}

/** Why a trailer section is none (RFC 9113 section 8.1), or `undefined`. */
export function trailersFlaw(block: FieldBlock): string | undefined {
  return (
    block.flaw ?? (block.pseudo === Pseudo.none ? undefined : 'a pseudo-header field in a trailer section')
  )
}

/** The length that a message without a flaw names; -1 where it names none. */
export function declaredLength(block: FieldBlock): number {
  if ((block.kinds & FieldKind.framing) === 0) return -1
  const at = block.fields.findIndex(({ kind }) => kind === FieldKind.framing)
  return at < 0 ? -1 : contentLength(block.values[at]!)
}

function contentLengthFlaw({ kinds, fields, values }: FieldBlock): string | undefined {
  if ((kinds & FieldKind.framing) === 0) return undefined
  let seen = false
  for (let i = 0; i < fields.length; i++) {
    if (fields[i]!.kind !== FieldKind.framing) continue
    if (seen) return 'more than one Content-Length'
    seen = true
    try {
      contentLength(values[i]!)
    } catch (fault) {
      if (fault instanceof SyntaxFault) return fault.message
      throw fault
    }
  }
  return undefined
}

/**
 * A `Host` beside `:authority` must say the same (RFC 9113 section 8.3.1): were they two, a filter could go by the one and the
 * service by the other.
 */
function hostFlaw({ kinds, fields, values, authority, scheme }: FieldBlock): string | undefined {
  if ((kinds & FieldKind.host) === 0) return undefined
  let host: string | undefined
  for (let i = 0; i < fields.length; i++) {
    if (fields[i]!.kind !== FieldKind.host) continue
    if (host !== undefined) return 'more than one Host'
    host = values[i]!
  }
  if (authority === undefined || isSameHost(host!, authority, scheme)) return undefined
  return 'a Host that differs from :authority'
}

/** Whether a `Host` and an `:authority` say the same. */
export function isSameHost(host: string, authority: string, scheme: string | undefined): boolean {
  return host === authority || normalHost(host, scheme) === normalHost(authority, scheme)
}

/** Scheme-based normalization (RFC 3986 section 6.2.3): the case does not count, nor does a port that is the scheme's own. */
function normalHost(host: string, scheme: string | undefined): string {
  const port = scheme === 'http' ? ':80' : scheme === 'https' ? ':443' : ':'
  const lower = host.toLowerCase()
  return lower.endsWith(port)
    ? lower.slice(0, -port.length)
    : lower.endsWith(':')
      ? lower.slice(0, -1)
      : lower
}
