import type fc from 'fast-check'
import { named } from './choices.ts'
import { among, BODY_FLAWS, type BodyFlaw, type Flaw, HEAD_FLAWS, type HeadFlaw, withField } from './flaws.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { MessageParts } from './message-parts.ts'
import { type RequestConstraints, requestParts } from './requests.ts'

/** What is wrong with a request. */
export type RequestFlaw =
  | HeadFlaw
  | BodyFlaw
  | 'white space before request line'
  | 'other white space in request line'
  | 'no version'
  | 'method that is no token'
  | 'target that is none'
  | 'byte in target that must be encoded'
  | 'no Host'
  | 'two Hosts'
  | 'malformed Host'

/** A request with one flaw. */
export type MalformedRequest = Malformed<RequestFlaw>

/** What the requests are drawn from that the flaws are worked into, and which flaws. */
export interface MalformedRequestConstraints extends Omit<RequestConstraints, 'framings'> {
  /** Default: all of them, `REQUEST_FLAWS`. */
  readonly flaws?: readonly RequestFlaw[] | undefined
}

/**
 * Requests that RFC 9112, read strictly, does not allow: valid ones with one flaw. A proxy answers each with 400, or 505
 * where there is no such version, and reads no further on the connection. Where the flaw is in the body, the service may
 * have got what stands before it, but never a whole message.
 *
 * @example
 * fc.asyncProperty(malformedRequests(), async ({ bytes }) => {
 *   const client = await rawClient(network, running.url)
 *   await client.send(bytes)
 *   expect([400, 505]).toContain((await client.response()).status)
 * })
 */
export function malformedRequests(
  constraints: MalformedRequestConstraints = {},
): fc.Arbitrary<MalformedRequest> {
  const { flaws = REQUEST_FLAWS, ...rest } = constraints
  named('malformedRequests', 'flaws', flaws, REQUEST_FLAWS)
  return malformed(TABLE, flaws, (framing) =>
    requestParts('malformedRequests', {
      ...rest,
      ...(framing === undefined ? {} : { framings: [framing] }),
    }),
  )
}

const TABLE: Readonly<Record<RequestFlaw, Flaw>> = {
  ...HEAD_FLAWS,
  ...BODY_FLAWS,
  'white space before request line': {
    spoil: (parts, pick) => ({
      ...parts,
      startLine: among(pick, ' ', '\t', '\0', '\xef\xbb\xbf') + parts.startLine,
    }),
  },
  'other white space in request line': {
    spoil: (parts, pick) => ({
      ...parts,
      startLine: parts.startLine.replace(
        pick % 2 === 0 ? / / : / (?=\S+$)/,
        among(pick >>> 1, '  ', '\t', '\v', '\r', '\xa0'),
      ),
    }),
  },
  'no version': { spoil: (parts) => withRequestLine(parts, (method, target) => `${method} ${target}`) },
  'method that is no token': {
    spoil: (parts, pick) =>
      withRequestLine(parts, (method, target, version) =>
        [among(pick, '', `${method}:`, `"${method}"`, `${method}/`, `G\xcbT`), target, version].join(' '),
      ),
  },
  'target that is none': {
    spoil: (parts, pick) =>
      withRequestLine(parts, (method, _, version) =>
        [method, among(pick, 'a', '?a=b', 'a:80', 'ftp://a/', 'http:///', 'http://u@a/', '**'), version].join(
          ' ',
        ),
      ),
  },
  'byte in target that must be encoded': {
    spoil: (parts, pick) =>
      withRequestLine(parts, (method, _, version) =>
        [method, `/a${among(pick, '#', '\\', '"', '<', '\0', '\x7f', '\xc3\xa9', ' ', '\n')}b`, version].join(
          ' ',
        ),
      ),
  },
  'no Host': { spoil: (parts) => withHost(parts, undefined) },
  'two Hosts': { spoil: (parts, pick) => withField(parts, pick, `Host: ${among(pick, 'a', 'b', '')}`) },
  'malformed Host': {
    spoil: (parts, pick) =>
      withHost(
        parts,
        among(pick, 'a b', 'a@b', 'a/b', 'a, b', 'a:b', 'a:99999', '[::1', 'http://a', ':80', 'a..b', '\xfc'),
      ),
  },
}

/** Every flaw that `malformedRequests` can make. */
export const REQUEST_FLAWS: readonly RequestFlaw[] = Object.keys(TABLE) as RequestFlaw[]

function withRequestLine(
  parts: MessageParts,
  lineOf: (method: string, target: string, version: string) => string,
): MessageParts {
  const [method = '', target = '', version = ''] = parts.startLine.split(' ')
  return { ...parts, startLine: lineOf(method, target, version) }
}

/** With another value of `Host`, or without the field. */
function withHost(parts: MessageParts, value: string | undefined): MessageParts {
  const fieldLines = parts.fieldLines.flatMap((line) => {
    if (!/^host:/i.test(line)) return [line]
    return value === undefined ? [] : [`Host: ${value}`]
  })
  return { ...parts, fieldLines }
}
