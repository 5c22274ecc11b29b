import { STATUS_CODES } from 'node:http'
import fc from 'fast-check'
import { integer, invalidOption, knownOptions } from '../../core/options.ts'
import { named } from './choices.ts'
import { type FieldLine, mostly, ordinaryFields, type WrittenField } from './fields.ts'
import { framedBodies, WITHOUT_BODY } from './framed-body.ts'
import { type DrawnMessage, GeneratedMessage } from './generated-message.ts'
import {
  fieldSection,
  type MessageConstraints,
  type MessageParts,
  messageSize,
  places,
} from './message-parts.ts'

/**
 * A valid response to anything but HEAD and CONNECT: what a recipient must read, and the bytes it reads it from, the
 * interim responses first. Its framing is `close` when the body lasts until the connection ends, `none` for a 204 or 304.
 */
export interface GeneratedResponse extends GeneratedMessage<'none' | 'length' | 'chunked' | 'close'> {
  readonly status: number
  readonly reason: string
  /** Interim (1xx) responses that go before it. */
  readonly informational: readonly InterimResponse[]
}

/** A response that another one follows. */
export interface InterimResponse {
  readonly status: number
  readonly headers: readonly FieldLine[]
}

/** What responses are drawn from. */
export interface ResponseConstraints extends MessageConstraints {
  /** Final ones. Default: the common ones of every class, 204 and 304 too, and one nobody knows. */
  readonly statuses?: readonly number[] | undefined
  /** Default: all three. A 204 or 304 has no body whatever this says. */
  readonly framings?: readonly Exclude<GeneratedResponse['framing'], 'none'>[] | undefined
  /** Interim responses before the final one. Default 2. */
  readonly maxInformational?: number | undefined
}

/**
 * Valid HTTP/1.1 responses (RFC 9112), also such as are seldom seen, with interim responses before some of them. What
 * only some may send is left out: hop-by-hop fields, 101. Shrinks to `HTTP/1.1 200 OK` with a length of 0, or without a
 * body in the first framing that is allowed.
 *
 * A connection must end behind one whose framing is `close`.
 *
 * @throws `ERR_OPTION_INVALID` for a status that is no final one.
 * @example
 * fc.asyncProperty(responses(), async ({ bytes, framing, status }) => {
 *   upstream.reply({ raw: bytes, after: framing === 'close' ? 'end' : 'keep' })
 *   expect((await get(running.url)).status).toBe(status)
 * })
 */
export function responses(constraints: ResponseConstraints = {}): fc.Arbitrary<GeneratedResponse> {
  return responsesOf('responses', constraints).map((drawn) => new Response(drawn))
}

/** The parts of valid responses, for what works a flaw into them. */
export function responseParts(owner: string, constraints: ResponseConstraints): fc.Arbitrary<MessageParts> {
  return responsesOf(owner, constraints).map(({ parts }) => parts)
}

interface Drawn extends DrawnMessage<GeneratedResponse['framing']> {
  readonly status: number
  readonly reason: string
  readonly informational: readonly WrittenInterim[]
}

interface WrittenInterim extends InterimResponse {
  readonly text: string
}

const STATUSES = [200, 201, 204, 206, 301, 304, 400, 404, 418, 429, 500, 502, 503, 299, 599]
const FRAMINGS: readonly Exclude<GeneratedResponse['framing'], 'none'>[] = ['length', 'chunked', 'close']

function responsesOf(owner: string, constraints: ResponseConstraints): fc.Arbitrary<Drawn> {
  knownOptions(owner, constraints, [
    ...['statuses', 'framings', 'maxInformational'],
    ...['maxHeaders', 'maxBodyBytes', 'maxTrailers'],
  ])
  const size = messageSize(owner, constraints)
  const maxLength = integer(owner, 'maxInformational', constraints.maxInformational ?? 2)
  const framings = named(owner, 'framings', constraints.framings ?? FRAMINGS, FRAMINGS)
  return fc
    .tuple(
      fc.constantFrom(...finalStatuses(owner, constraints.statuses ?? STATUSES)),
      // The space stands there also when there is no reason (RFC 9112 section 4).
      mostly<string | undefined>(undefined, '', 'Not What You Think', 'N\xf6', 'a\tb'),
      fc.array(interim, { maxLength }),
      ordinaryFields(size.maxHeaders),
      framedBodies(framings, size),
      places,
    )
    .map(([status, otherReason, informational, fields, drawnBody, at]) => {
      const reason = otherReason ?? STATUS_CODES[status] ?? ''
      const framed = status === 204 || status === 304 ? WITHOUT_BODY : drawnBody
      const { headers, fieldLines } = fieldSection(fields, framed.framingField, undefined, at)
      const { pieces, end } = framed
      const parts = { startLine: `HTTP/1.1 ${status} ${reason}`, fieldLines, pieces, end }
      return { status, reason, headers, informational, framed, parts }
    })
}

function finalStatuses(owner: string, statuses: readonly number[]): readonly number[] {
  if (!Array.isArray(statuses) || statuses.length === 0)
    throw invalidOption(owner, 'statuses', 'a list of at least one', statuses)
  return statuses.map((status) => integer(owner, 'statuses', status, { min: 200, max: 599 }))
}

const interim: fc.Arbitrary<WrittenInterim> = fc
  .tuple(fc.constantFrom(103, 100, 102), ordinaryFields(2))
  .map(([status, fields]) => ({
    status,
    headers: fields.map(({ field }) => field),
    text: interimText(status, fields),
  }))

function interimText(status: number, fields: readonly WrittenField[]): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...fields.map(({ line }) => line)]
  return `${lines.join('\r\n')}\r\n\r\n`
}

class Response extends GeneratedMessage<GeneratedResponse['framing']> implements GeneratedResponse {
  readonly status: number
  readonly reason: string
  readonly informational: readonly InterimResponse[]

  constructor(drawn: Drawn) {
    super(drawn, drawn.informational.map(({ text }) => text).join(''))
    this.status = drawn.status
    this.reason = drawn.reason
    this.informational = drawn.informational.map((it) => ({ status: it.status, headers: it.headers }))
  }
}
