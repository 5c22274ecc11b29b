import type fc from 'fast-check'
import { named } from './choices.ts'
import { among, BODY_FLAWS, type BodyFlaw, type Flaw, HEAD_FLAWS, type HeadFlaw } from './flaws.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { MessageParts } from './message-parts.ts'
import { type ResponseConstraints, responseParts } from './responses.ts'

/** What is wrong with a response. */
export type ResponseFlaw =
  | HeadFlaw
  | BodyFlaw
  | 'empty line before status line'
  | 'no version'
  | 'other white space in status line'
  | 'status that does not exist'
  | 'status that is no number of three digits'
  | 'control byte in reason'

/** A response with one flaw. */
export type MalformedResponse = Malformed<ResponseFlaw>

/** What the responses are drawn from that the flaws are worked into, and which flaws. */
export interface MalformedResponseConstraints
  extends Omit<ResponseConstraints, 'framings' | 'statuses' | 'maxInformational'> {
  /** Default: all of them, `RESPONSE_FLAWS`. */
  readonly flaws?: readonly ResponseFlaw[] | undefined
}

/**
 * Responses that RFC 9112, read strictly, does not allow: valid ones with one flaw. A proxy answers 502 in their place.
 * Where the flaw is in the body it may have sent the head on; then it breaks the response off, so that no client takes it
 * for whole.
 *
 * @example
 * fc.asyncProperty(malformedResponses(), async ({ bytes }) => {
 *   upstream.reply({ raw: bytes, after: 'end' })
 *   const response = await client.response()
 *   expect(response.status === 502 || !response.complete).toBe(true)
 * })
 */
export function malformedResponses(
  constraints: MalformedResponseConstraints = {},
): fc.Arbitrary<MalformedResponse> {
  const { flaws = RESPONSE_FLAWS, ...rest } = constraints
  named('malformedResponses', 'flaws', flaws, RESPONSE_FLAWS)
  return malformed(TABLE, flaws, (framing) =>
    responseParts('malformedResponses', {
      ...rest,
      // Those that have a body whatever else they are.
      statuses: [200, 404, 500],
      ...(framing === undefined ? {} : { framings: [framing] }),
    }),
  )
}

const TABLE: Readonly<Record<ResponseFlaw, Flaw>> = {
  ...HEAD_FLAWS,
  ...BODY_FLAWS,
  'empty line before status line': { spoil: (parts) => ({ ...parts, startLine: `\r\n${parts.startLine}` }) },
  'no version': {
    spoil: (parts) => ({ ...parts, startLine: parts.startLine.replace('HTTP/1.1 ', '') }),
  },
  'other white space in status line': {
    spoil: (parts, pick) => ({
      ...parts,
      startLine: parts.startLine.replace(
        pick % 2 === 0 ? / / : /(?<=\d\d\d) /,
        among(pick >>> 1, '\t', '\v', '\xa0'),
      ),
    }),
  },
  'status that does not exist': {
    spoil: (parts, pick) => withStatus(parts, among(pick, '600', '099', '000', '999')),
  },
  'status that is no number of three digits': {
    spoil: (parts, pick) => withStatus(parts, among(pick, '20', '2000', '+20', '2e2', '20x', '', '0x0')),
  },
  'control byte in reason': {
    spoil: (parts, pick) => ({
      ...parts,
      startLine: `${parts.startLine}${among(pick, '\0', '\x07', '\x7f', 'a\rb')}`,
    }),
  },
}

/** Every flaw that `malformedResponses` can make. */
export const RESPONSE_FLAWS: readonly ResponseFlaw[] = Object.keys(TABLE) as ResponseFlaw[]

function withStatus(parts: MessageParts, status: string): MessageParts {
  return { ...parts, startLine: parts.startLine.replace(/(?<=^HTTP\/1\.1 )\d+/, status) }
}
