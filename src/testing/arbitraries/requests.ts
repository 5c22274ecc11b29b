import fc from 'fast-check'
import { invalidOption, knownOptions } from '../../core/options.ts'
import { choices, named } from './choices.ts'
import { mostly, ordinaryFields, plainField, spelled } from './fields.ts'
import { framedBodies, WITHOUT_BODY } from './framed-body.ts'
import { type DrawnMessage, GeneratedMessage } from './generated-message.ts'
import {
  fieldSection,
  type MessageConstraints,
  type MessageParts,
  messageSize,
  places,
} from './message-parts.ts'

/** A valid request: what a recipient must read, and the bytes it reads it from. */
export interface GeneratedRequest extends GeneratedMessage<'none' | 'length' | 'chunked'> {
  readonly method: string
  readonly target: string
}

/** What requests are drawn from. */
export interface RequestConstraints extends MessageConstraints {
  /** Default: GET, POST, HEAD, PUT, PATCH, DELETE, OPTIONS and QUERY. Not CONNECT, behind which no message comes. */
  readonly methods?: readonly string[] | undefined
  /** Paths with or without a query, or absolute URIs. Default: all sorts. An OPTIONS may be for `*` whatever this says. */
  readonly targets?: readonly string[] | undefined
  /** Values of `Host`. Default: names and addresses, with and without a port. */
  readonly hosts?: readonly string[] | undefined
  /** Default: all three. A TRACE has none whatever this says. */
  readonly framings?: readonly GeneratedRequest['framing'][] | undefined
}

/**
 * Valid HTTP/1.1 requests (RFC 9112), also such as are seldom seen: names and values of every byte they may hold, space
 * around values, chunks with extensions, bodies that look like messages. What only some may send is left out: hop-by-hop
 * fields, `Expect`, paths with dot segments. Shrinks to `GET / HTTP/1.1` with nothing but `Host`.
 *
 * @throws `ERR_OPTION_INVALID` for a method, target or host that would make no valid request.
 * @example
 * await fc.assert(fc.asyncProperty(requests({ methods: ['POST'] }), async ({ bytes, body }) => {
 *   const client = await rawClient(network, running.url)
 *   await client.send(bytes)
 *   expect((await client.response()).body).toEqual(body ?? Buffer.alloc(0))
 * }))
 */
export function requests(constraints: RequestConstraints = {}): fc.Arbitrary<GeneratedRequest> {
  return requestsOf('requests', constraints).map((drawn) => new Request(drawn))
}

/** The parts of valid requests, for what works a flaw into them. */
export function requestParts(owner: string, constraints: RequestConstraints): fc.Arbitrary<MessageParts> {
  return requestsOf(owner, constraints).map(({ parts }) => parts)
}

interface Drawn extends DrawnMessage<GeneratedRequest['framing']> {
  readonly method: string
  readonly target: string
}

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']
const TARGETS = [
  '/',
  '/a',
  '/a/b',
  '/a/b?c=d&e=%20',
  '/?',
  "/~!$&'()*+,;=:@-._",
  '/%C3%A9/%2f',
  '/a?b/c?d',
  `/${'a'.repeat(300)}`,
  'http://b/',
  'http://b:80?x',
  'HTTPS://[::1]:443/a?b',
]
const HOSTS = ['a', 'a.example:8080', '192.0.2.1', '[::1]', '[2001:db8::1]:80', 'A', 'my_service', 'a.']
const FRAMINGS: readonly GeneratedRequest['framing'][] = ['none', 'length', 'chunked']
const METHOD = /^[\w!#$%&'*+.^`|~-]+$/
/** Visible ASCII but for what is always encoded. */
const TARGET = /^(?:\/|https?:\/\/[\w.:[\]-]+(?=[/?]|$))[!$-;=?-[\]-~]*$/i
const HOST = /^[\w.~!$&'()*+;=[\]:-]+$/

function requestsOf(owner: string, constraints: RequestConstraints): fc.Arbitrary<Drawn> {
  knownOptions(owner, constraints, [
    ...['methods', 'targets', 'hosts', 'framings'],
    ...['maxHeaders', 'maxBodyBytes', 'maxTrailers'],
  ])
  const size = messageSize(owner, constraints)
  const methods = choices(owner, 'methods', constraints.methods ?? METHODS, METHOD)
  if (methods.includes('CONNECT'))
    throw invalidOption(owner, 'methods', 'without CONNECT, behind which no message comes', 'CONNECT')
  const targets = choices(owner, 'targets', constraints.targets ?? TARGETS, TARGET)
  const hosts = choices(owner, 'hosts', constraints.hosts ?? HOSTS, HOST)
  const framings = named(owner, 'framings', constraints.framings ?? FRAMINGS, FRAMINGS)
  return fc
    .tuple(
      fc.constantFrom(...methods),
      fc.constantFrom(...targets),
      mostly(false, true),
      fc.tuple(spelled('Host'), fc.constantFrom(...hosts)),
      ordinaryFields(size.maxHeaders),
      framedBodies(framings, size),
      places,
    )
    .map(([method, path, asterisk, [hostName, host], fields, drawnBody, at]) => {
      const target = method === 'OPTIONS' && asterisk ? '*' : path
      // A TRACE must not have a body (RFC 9110 section 9.3.8).
      const framed = method === 'TRACE' ? WITHOUT_BODY : drawnBody
      const section = fieldSection(fields, framed.framingField, plainField(hostName, host), at)
      const { fieldLines, headers } = section
      const { pieces, end } = framed
      const parts = { startLine: `${method} ${target} HTTP/1.1`, fieldLines, pieces, end }
      return { method, target, headers, framed, parts }
    })
}

class Request extends GeneratedMessage<GeneratedRequest['framing']> implements GeneratedRequest {
  readonly method: string
  readonly target: string

  constructor(drawn: Drawn) {
    super(drawn)
    this.method = drawn.method
    this.target = drawn.target
  }
}
