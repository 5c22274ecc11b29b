import { isIPv6 } from 'node:net'
import { FieldKind } from '../../core/field-name.ts'
import { HeaderList, trimWhiteSpace } from '../../core/headers.ts'
import { ConnectionOptions } from './connection-options.ts'
import {
  CR,
  contentLength,
  FieldLines,
  incomplete,
  isTargetByte,
  isTokenByte,
  LF,
  malformed,
  NO_BYTE,
  SyntaxFault,
  TARGET,
  TOKEN,
} from './syntax.ts'

export interface HeadLimits {
  /** Bytes of the start line and the field lines together. */
  readonly headBytes: number
  readonly headers: number
  readonly targetBytes: number
}

/** `origin` is a path, `absolute` a whole URI, `authority` a host and port (CONNECT), `asterisk` is `*` (OPTIONS). */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk'

/** A request head that was read strictly (RFC 9112 sections 2 to 6), and what it says about its framing and connection. */
export class RequestHead {
  method = ''
  /** As it came. */
  target = ''
  form: TargetForm = 'origin'
  /** Minor version of HTTP/1. */
  minor: 0 | 1 = 1
  headers: HeaderList = NO_FIELDS
  /** Host and port in lower case; `''` where HTTP/1.0 named none. */
  host = ''
  /** Path and query in origin form, or `*`. */
  pathAndQuery = ''
  /** -1 when the head names none. */
  contentLength = -1
  chunked = false
  keepAlive = true
  expectsContinue = false
  /** Another expectation than `100-continue`. */
  unknownExpectation = false
  /** The protocols of an `Upgrade` that `Connection` also names. */
  upgrade: string | undefined = undefined
  /** `TE` names `trailers`. */
  acceptsTrailers = false
  /** Fields that `Connection` nominates, besides those which always end here. */
  nominated: readonly string[] | undefined = undefined
  /** The place behind the head. */
  end = 0
}

/** Until the fields of a head were read. */
const NO_FIELDS = new HeaderList()
const SPACE = 0x20
const SLASH = 0x2f
const lines = new FieldLines()

/**
 * Reads a request head from `bytes`. Returns `undefined` when it is not complete, and throws a `SyntaxFault` at the first
 * wrong byte. At most `limits.headBytes` are looked at.
 */
export function parseRequestHead(
  bytes: Buffer,
  start: number,
  available: number,
  limits: HeadLimits,
): RequestHead | undefined {
  const end = Math.min(available, start + limits.headBytes)
  let i = start

  // RFC 9112 section 2.2: one empty line before the request line is ignored.
  if (i < end && bytes[i] === CR) {
    if (i + 1 >= end) return incomplete(end, available, NO_BYTE)
    if (bytes[i + 1] !== LF) throw malformed('a carriage return without a line feed')
    i += 2
  }

  const methodAt = i
  while (i < end && isTokenByte(bytes[i]!)) i++
  if (i >= end) return incomplete(end, available, TOKEN)
  if (bytes[i] !== SPACE || i === methodAt) throw malformed('a method that is no token')
  const methodEnd = i++

  const targetAt = i
  const targetLimit = targetAt + limits.targetBytes
  while (i < end && isTargetByte(bytes[i]!)) {
    i++
    if (i > targetLimit)
      throw new SyntaxFault('target-too-long', `a request target of more than ${limits.targetBytes} bytes`)
  }
  if (i >= end) return incomplete(end, available, TARGET, targetLimit - i)
  if (bytes[i] !== SPACE || i === targetAt) throw malformed('a byte that does not belong in a request target')
  const targetEnd = i++

  // "HTTP/1.x" CR LF, byte by byte, so that the fault is the same for every split.
  for (const expected of HTTP_SLASH) {
    if (i >= end) return incomplete(end, available, NO_BYTE)
    if (bytes[i] !== expected) throw malformed('a request line that does not end in an HTTP version')
    i++
  }
  if (i + 2 >= end) return incomplete(end, available, NO_BYTE)
  const major = bytes[i]! - 0x30
  const minor = bytes[i + 2]! - 0x30
  if (major < 0 || major > 9 || bytes[i + 1] !== 0x2e || minor < 0 || minor > 9)
    throw malformed('an HTTP version that is none')
  if (major !== 1 || minor > 1) throw new SyntaxFault('version', 'an HTTP version other than 1.0 and 1.1')
  i += 3
  if (i + 1 >= end) return incomplete(end, available, NO_BYTE)
  if (bytes[i] !== CR || bytes[i + 1] !== LF)
    throw malformed('a request line that does not end after the HTTP version')
  i += 2

  const behind = lines.scan(bytes, i, end, limits.headers)
  if (behind < 0) return incomplete(end, available, lines.awaits)

  const head = new RequestHead()
  const text = bytes.toString('latin1', methodAt, behind)
  head.end = behind
  head.method = text.substring(0, methodEnd - methodAt)
  head.target = text.substring(targetAt - methodAt, targetEnd - methodAt)
  head.minor = minor as 0 | 1
  head.headers = lines.list(text, methodAt)
  readFields(head, bytes, text, methodAt)
  readTarget(head)
  return head
}

const HTTP_SLASH = Buffer.from('HTTP/')

function readFields(head: RequestHead, bytes: Buffer, text: string, base: number): void {
  let host: string | undefined
  let upgrade: string | undefined
  let connection: ConnectionOptions | undefined
  let hasCoding = false
  for (let line = 0; line < lines.marked; line++) {
    const kind = lines.kind(line) & ~(FieldKind.unusual | FieldKind.disguised)
    if (kind === FieldKind.ordinary) continue
    const value = lines.value(line, text, base)
    if (kind === FieldKind.host) {
      if (host !== undefined) throw malformed('more than one Host')
      host = value
    } else if ((kind & FieldKind.connection) !== 0) {
      connection ??= new ConnectionOptions()
      connection.add(value)
    } else if ((kind & FieldKind.framing) !== 0) {
      if (lines.endsInTab(line, bytes)) throw malformed('a tab behind a value that frames the message')
      if ((kind & FieldKind.hopByHop) === 0) {
        if (head.contentLength >= 0) throw malformed('more than one Content-Length')
        head.contentLength = contentLength(value)
      } else {
        if (hasCoding) throw malformed('more than one Transfer-Encoding')
        hasCoding = true
        readTransferEncoding(head, value)
      }
    } else if (kind === FieldKind.expect) {
      if (value.toLowerCase() === '100-continue') head.expectsContinue = head.minor === 1
      else head.unknownExpectation = true
    } else if (kind === FieldKind.hopByHop) {
      const lower = lines.lowerName(line, text, base)
      if (lower === 'upgrade') upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`
      else if (lower === 'te') head.acceptsTrailers ||= namesTrailers(value)
    }
  }

  // RFC 9112 section 6.3: both at once is how requests are smuggled.
  if (hasCoding && head.contentLength >= 0) throw malformed('both Content-Length and Transfer-Encoding')
  head.keepAlive = connection === undefined ? head.minor === 1 : connection.persistent(head.minor)
  head.nominated = connection?.nominated
  if (upgrade !== undefined && connection?.upgrade === true && head.minor === 1) head.upgrade = upgrade
  if (host === undefined) {
    if (head.minor === 1) throw malformed('no Host')
  } else head.host = checkedHost(host)
}

function readTransferEncoding(head: RequestHead, value: string): void {
  if (head.minor === 0) throw malformed('Transfer-Encoding in HTTP/1.0')
  const coding = value.toLowerCase()
  if (coding === 'chunked') {
    head.chunked = true
    return
  }
  // RFC 9112 section 6.1: a coding that we do not undo is 501. Without a final "chunked" the length is unknown, which is
  // a fault (section 6.3), as is everything that some recipient might take for "chunked".
  if (/^(?:(?:gzip|x-gzip|deflate|compress|x-compress)[\t ]*,[\t ]*)+chunked$/.test(coding)) {
    throw new SyntaxFault('coding', 'a transfer coding other than chunked')
  }
  throw malformed('a Transfer-Encoding that is not "chunked" alone')
}

function namesTrailers(te: string): boolean {
  return (
    te.toLowerCase() === 'trailers' ||
    te.split(',').some((part) => trimWhiteSpace(part).toLowerCase() === 'trailers')
  )
}

/**
 * RFC 9110 section 4.2: a registered name, an IPv4 address or an IP literal in brackets, and a port that is a number. Stricter
 * in three things that no real name has, and that let a host slip past the routes of its other spelling: encoded characters,
 * commas, and empty labels.
 */
const HOST = /^(?:\[([0-9a-f:.]+)\]|[a-z0-9\-._~!$&'()*+;=]+)(?::([0-9]{0,5}))?$/
const PLAIN_HOST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?(?::[0-9]{1,4})?$/

/** The host in lower case. A port may be missing or empty, but not without a host (RFC 9110 section 4.2.1). */
export function checkedHost(host: string): string {
  // An empty Host is what a client sends whose target has no authority (RFC 9110 section 7.2).
  if (PLAIN_HOST.test(host) || host === '') return host
  const lower = host.toLowerCase()
  const [found, literal, port] = HOST.exec(lower) ?? []
  if (
    found === undefined ||
    lower.includes('..') ||
    (literal !== undefined && !isIPv6(literal)) ||
    Number(port ?? 0) > 65_535
  ) {
    throw malformed('a Host that is no host and port')
  }
  return lower
}

/** A host with a port, as CONNECT has to name it (RFC 9112 section 3.2.3). */
export function isAuthority(target: string): boolean {
  return /^(?:\[[0-9a-fA-F:.]+\]|[^:/?@[\]]+):[0-9]{1,5}$/.test(target)
}

function readTarget(head: RequestHead): void {
  const { method, target } = head
  if (method === 'CONNECT') {
    head.form = 'authority'
    if (!isAuthority(target)) throw malformed('CONNECT without a host and port')
    head.host = checkedHost(target)
    head.pathAndQuery = target
  } else if (target.charCodeAt(0) === SLASH) {
    head.pathAndQuery = target
  } else if (target === '*') {
    if (method !== 'OPTIONS') throw malformed('the target "*" with a method other than OPTIONS')
    head.form = 'asterisk'
    head.pathAndQuery = target
  } else readAbsoluteTarget(head)
}

/** RFC 9112 section 3.2.2: the authority of the target counts, whatever `Host` says. */
function readAbsoluteTarget(head: RequestHead): void {
  const found = /^https?:\/\/([^/?]+)(\/[^?]*)?(\?.*)?$/i.exec(head.target)
  if (found === null) throw malformed('a request target in no form that exists')
  const authority = found[1]!
  if (authority.includes('@')) throw malformed('a request target with user information')
  head.form = 'absolute'
  head.host = checkedHost(authority)
  head.pathAndQuery = `${found[2] ?? (head.method === 'OPTIONS' && found[3] === undefined ? '*' : '/')}${found[3] ?? ''}`
}
