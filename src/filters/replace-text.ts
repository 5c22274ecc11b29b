import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import type { Transform } from '../core/transformed-source.ts'
import {
  type AskedOf,
  askedOf,
  canBeTransformed,
  hasPlainContent,
  transformRequest,
  transformResponse,
} from './content-coding/transformed-message.ts'
import { TypeList } from './content-coding/type-list.ts'
import { type Replacement, TextReplacer } from './text/text-replacer.ts'

/** A text, and what is put in its place. */
export type TextPair = readonly [from: string, to: string]

export interface ReplaceTextOptions {
  /** Whether the content of requests is changed on its way to the service. Default `false`. */
  requests?: boolean
  /** Whether the content of responses is changed on its way to the client. Default `true`. */
  responses?: boolean
  /**
   * Media types of the content that is changed, such as `text/html`, `text/*`, `application/*+json`. Default: text, JSON, XML,
   * JavaScript, SVG, and what is a kind of these.
   */
  types?: string | readonly string[]
}

const OWNER = 'replaceText'

const OPTIONS: readonly string[] = ['requests', 'responses', 'types'] satisfies (keyof ReplaceTextOptions)[]

const TYPES = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/xml',
  'application/*+xml',
  'application/javascript',
  'application/x-javascript',
  'image/svg+xml',
]

const MAX_PAIRS = 100
const MAX_FROM_BYTES = 1_024
const MAX_TO_BYTES = 65_536

/**
 * Replaces texts in the content of responses, and by option of requests, as it goes by.
 *
 * One text and what is put in its place, or a list of up to 100 such pairs. All are looked for at once: of matches that overlap, the one counts
 * that begins first, of those that begin together the one listed first, and what was put in is not looked at again. Case matters.
 * The text to look for has up to 1 KiB, what is put in its place up to 64 KiB, both in UTF-8.
 *
 * Bytes are compared, so that matches are found across the borders of chunks, and no character is ever split. Of the content, less is held back
 * than the longest text has, and only where it may be the beginning of one; a slow reader slows its sender down. Content in another charset than UTF-8
 * is left alone; where all texts are ASCII, the charsets that contain ASCII (`iso-8859-*`, `windows-*`) will do.
 *
 * Content that has a `Content-Encoding` is left alone, and so is a part of a response (206): put `decompress()` behind this
 * filter, that is after it in the list, and `compress()` before it. What is changed loses `Content-Length`, `Accept-Ranges` and its checksums, and a strong
 * `ETag` becomes weak.
 *
 * `Cache-Control: no-transform` is not heeded: it is said to those on the way, and this filter speaks for the service.
 *
 * There are no regular expressions: what one matches may be of any length, so that all of the content would have to be
 * held, and a hostile one could take time without end. For that, collect what you need in `bodyTransform`.
 *
 * Traps: a text may be written in another way, `https:\/\/` in JSON or `&amp;` in HTML. A client that asks for a part (`Range`)
 * gets that as the service has it.
 *
 * @example
 * proxy().use(compress(), replaceText('http://old.example', 'https://new.example'), decompress())
 * proxy().use(replaceText([['colour', 'color'], ['grey', 'gray']], { types: 'text/html' }))
 *
 * @throws `ERR_OPTION_INVALID` for a text or an option that is wrong.
 */
export function replaceText(from: string, to: string, options?: ReplaceTextOptions): Filter
export function replaceText(pairs: readonly TextPair[], options?: ReplaceTextOptions): Filter
export function replaceText(
  first: string | readonly TextPair[],
  second?: string | ReplaceTextOptions,
  third?: ReplaceTextOptions,
): Filter {
  const isPair = typeof first === 'string'
  const pairs = checkedPairs(isPair ? [[first, second as string]] : first)
  const options = (isPair ? third : (second as ReplaceTextOptions | undefined)) ?? {}
  knownOptions(OWNER, options, OPTIONS)
  const { requests = false, responses = true } = options
  for (const [name, value] of Object.entries({ requests, responses }))
    if (typeof value !== 'boolean') throw invalidOption(OWNER, name, 'true or false', value)
  if (!requests && !responses)
    throw invalidOption(OWNER, 'responses', 'true, where "requests" is not', responses)
  const types = new TypeList(OWNER, 'types', options.types ?? TYPES)
  const charset = isAscii(pairs) ? ASCII_CHARSET : UTF8_CHARSET
  const replacements = pairs.map(([from, to]) => ({ from: Buffer.from(from), to: Buffer.from(to) }))
  const step = replacing(replacements)

  const isText = (message: Parameters<typeof hasPlainContent>[0]): boolean =>
    hasPlainContent(message, types) && charset.test(message.headers.get('content-type')!)
  const replaced = (response: ResponseMessage, asked: AskedOf): ResponseMessage => {
    if (canBeTransformed(response, asked) && isText(response)) transformResponse(response, asked, step)
    return response
  }
  const filter: Filter = (exchange, next) => {
    const { request } = exchange
    if (requests && isText(request)) transformRequest(request, step)
    if (!responses) return next(exchange)
    const asked = askedOf(request)
    const response = next(exchange)
    if (response instanceof ResponseMessage) return replaced(response, asked)
    return response.then((it) => replaced(it, asked))
  }
  return named(filter, OWNER)
}

/** No charset at all, or one of these. */
const UTF8_CHARSET = /^(?!.*;[\t ]*charset=)|;[\t ]*charset="?(?:utf-8|utf8|us-ascii)"?[\t ]*(?:;|$)/i
const ASCII_CHARSET =
  /^(?!.*;[\t ]*charset=)|;[\t ]*charset="?(?:utf-8|utf8|us-ascii|iso-8859-\d{1,2}|latin1|windows-125\d)"?[\t ]*(?:;|$)/i

function replacing(replacements: readonly Replacement[]): Transform {
  return async function* (chunks) {
    const replacer = new TextReplacer(replacements)
    for await (const chunk of chunks) yield* replacer.push(chunk)
    yield* replacer.end()
  }
}

function checkedPairs(pairs: readonly TextPair[]): readonly TextPair[] {
  if (!Array.isArray(pairs) || pairs.length === 0 || pairs.length > MAX_PAIRS)
    throw invalidOption(
      OWNER,
      'pairs',
      `a text and another, or a list of 1 to ${MAX_PAIRS} such pairs`,
      pairs,
    )
  for (const pair of pairs as readonly unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw invalidOption(OWNER, 'pairs', 'a list of pairs of texts, such as [["a", "b"]]', pair)
    const [from, to] = pair as readonly unknown[]
    if (!isTextUpTo(from, MAX_FROM_BYTES) || from === '')
      throw invalidOption(OWNER, 'from', `a text of 1 to ${MAX_FROM_BYTES} bytes`, from)
    if (!isTextUpTo(to, MAX_TO_BYTES))
      throw invalidOption(OWNER, 'to', `a text of at most ${MAX_TO_BYTES} bytes`, to)
  }
  return pairs as readonly TextPair[]
}

/** Half of a pair of surrogates is no text in UTF-8. */
function isTextUpTo(text: unknown, bytes: number): text is string {
  return typeof text === 'string' && text.isWellFormed() && Buffer.byteLength(text) <= bytes
}

function isAscii(pairs: readonly TextPair[]): boolean {
  return pairs.every((pair) => pair.every((text) => Buffer.byteLength(text) === text.length))
}
