import {
  closeSync,
  existsSync,
  fchmodSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { PROXY_ERRORS } from '../../core/errors.ts'
import { integer, invalidOption, knownOptions, OptionError } from '../../core/options.ts'
import type { RecordedBody } from './recorded-body.ts'

/** A message's head fields, one `Name: value` each, in wire order. */
export type RecordedFields = readonly string[]

export interface RecordedRequest {
  readonly method: string
  readonly target: string
  readonly headers: RecordedFields
  readonly body?: RecordedBody
  readonly trailers?: RecordedFields
}

export interface RecordedResponse {
  readonly status: number
  readonly reason?: string
  /** From the attempt's begin to the response's head. */
  readonly afterMs: number
  readonly headers: RecordedFields
  readonly body?: RecordedBody
  readonly trailers?: RecordedFields
  /** The code of the error with which the body broke off; what came before it is in `body`. */
  readonly brokeOff?: string
}

/** What went between the proxy and one endpoint. */
export interface RecordedExchange {
  /** The name of the pool. */
  readonly pool: string
  /** The url of the endpoint. */
  readonly endpoint: string
  readonly request: RecordedRequest
  readonly response?: RecordedResponse
  /** Why there is no response. */
  readonly noResponse?: string
}

/** Why an exchange cannot be replayed; `undefined` when it can. */
export function gapOf({ response, noResponse }: RecordedExchange): string | undefined {
  if (response === undefined) return noResponse
  const { body, brokeOff } = response
  if (body !== undefined && 'omitted' in body) return `the body was left out: ${body.omitted}`
  if (brokeOff === undefined) return undefined
  // What the service broke off it breaks off again; how it would have gone on for a client that left, nobody knows.
  const side = Object.entries(PROXY_ERRORS).find(([code]) => code === brokeOff)?.[1].side
  return side === 'upstream' ? undefined : `the response was not received whole: ${brokeOff}`
}

const FORMAT = 'gatewright-recording'
const VERSION = 1
const BEGIN = `{\n  "format": "${FORMAT}",\n  "version": ${VERSION},\n  "exchanges": [`
const EMPTY_TAIL = ']\n}\n'
const TAIL = '\n  ]\n}\n'
const OWNER_ALONE = 0o600

/**
 * Adds exchanges to a file that is valid JSON after each of them: a new one is written over the closing brackets, with
 * brackets of its own behind it, in one write. What stands before is never touched again.
 */
export class RecordingWriter {
  readonly #file: string
  #descriptor: number | undefined
  /** Where the closing brackets begin. */
  #at: number
  #tail = EMPTY_TAIL
  count = 0

  /** @throws `ERR_OPTION_INVALID` for a file that is there and is no recording; else the system's error. */
  constructor(file: string) {
    this.#file = file
    if (existsSync(file)) refuseForeign(file)
    mkdirSync(dirname(file), { recursive: true })
    // For its owner alone: what is no secret to us may be one to others. One that was there has its mode already.
    this.#descriptor = openSync(file, 'w', OWNER_ALONE)
    fchmodSync(this.#descriptor, OWNER_ALONE)
    this.#at = Buffer.byteLength(BEGIN)
    this.#write(BEGIN + EMPTY_TAIL, 0)
  }

  /** Throws the system's error. The file is then as it was before, where the system allows that. */
  append(exchange: RecordedExchange): void {
    const entry = JSON.stringify(exchange, undefined, 2).replaceAll('\n', '\n    ')
    const text = `${this.count === 0 ? '' : ','}\n    ${entry}`
    try {
      this.#write(text + TAIL, this.#at)
    } catch (error) {
      this.#restore()
      throw error
    }
    this.#at += Buffer.byteLength(text)
    this.#tail = TAIL
    this.count++
  }

  close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) closeSync(descriptor)
  }

  #write(text: string, position: number): void {
    if (this.#descriptor === undefined) throw new Error(`the recording ${this.#file} is closed`)
    const bytes = Buffer.from(text, 'utf8')
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done)
    }
  }

  #restore(): void {
    try {
      this.#write(this.#tail, this.#at)
      if (this.#descriptor !== undefined)
        ftruncateSync(this.#descriptor, this.#at + Buffer.byteLength(this.#tail))
    } catch {
      // The first error says what is wrong.
    }
  }
}

/** A recording may be replaced by a newer one; anything else is somebody's file. */
function refuseForeign(file: string): void {
  const text = readFileSync(file, 'utf8')
  if (text.trim() === '' || new RegExp(`^\\s*\\{\\s*"format"\\s*:\\s*"${FORMAT}"`).test(text)) return
  throw invalidOption('record', 'to', 'a file that is new, or an earlier recording, which is replaced', file)
}

/**
 * Reads a recording, and checks it: people edit it.
 *
 * @throws `ERR_OPTION_INVALID` that names the file, and the place in it.
 */
export function readRecording(file: string): readonly RecordedExchange[] {
  const owner = `recording ${file}`
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = missing ? 'there is no such file; make it with record(app, { to })' : (error as Error).message
    throw new OptionError(`${owner}: it cannot be read: ${why}`, 'file')
  }
  const recording = object(owner, 'file', content)
  if (recording.format !== FORMAT) throw invalidOption(owner, 'format', `"${FORMAT}"`, recording.format)
  if (recording.version !== VERSION)
    throw invalidOption(owner, 'version', `${VERSION}, which this version reads`, recording.version)
  knownOptions(owner, recording, ['format', 'version', 'exchanges'])
  const { exchanges } = recording
  if (!Array.isArray(exchanges)) throw invalidOption(owner, 'exchanges', 'a list', exchanges)
  return exchanges.map((it, i) => readExchange(owner, `exchanges[${i}]`, it))
}

type Members = Readonly<Record<string, unknown>>

function readExchange(owner: string, at: string, value: unknown): RecordedExchange {
  const members = object(owner, at, value)
  const where = `${owner}: ${at}`
  knownOptions(where, members, ['pool', 'endpoint', 'request', 'response', 'noResponse'])
  const { response, noResponse } = members
  if ((response === undefined) === (noResponse === undefined))
    throw invalidOption(owner, at, 'an exchange with either "response" or "noResponse"', value)
  return {
    pool: text(where, 'pool', members.pool),
    endpoint: text(where, 'endpoint', members.endpoint),
    request: readRequest(`${where}.request`, object(where, 'request', members.request)),
    ...(response !== undefined && {
      response: readResponse(`${where}.response`, object(where, 'response', response)),
    }),
    ...(noResponse !== undefined && { noResponse: text(where, 'noResponse', noResponse) }),
  }
}

function readRequest(where: string, members: Members): RecordedRequest {
  knownOptions(where, members, ['method', 'target', 'headers', 'body', 'trailers'])
  return {
    method: text(where, 'method', members.method),
    target: text(where, 'target', members.target),
    ...readContent(where, members),
  }
}

function readResponse(where: string, members: Members): RecordedResponse {
  knownOptions(where, members, ['status', 'reason', 'afterMs', 'headers', 'body', 'trailers', 'brokeOff'])
  const { status, reason, afterMs, brokeOff } = members
  if (typeof afterMs !== 'number' || !(afterMs >= 0 && afterMs <= LONGEST_MS))
    throw invalidOption(where, 'afterMs', `a number of milliseconds up to ${LONGEST_MS}`, afterMs)
  if (reason !== undefined && !(typeof reason === 'string' && TEXT_OF_HEAD.test(reason)))
    throw invalidOption(where, 'reason', 'a text of one line, without controls', reason)
  return {
    status: integer(where, 'status', status as number, { min: 200, max: 599 }),
    ...(reason !== undefined && { reason }),
    afterMs,
    ...readContent(where, members),
    ...(brokeOff !== undefined && { brokeOff: text(where, 'brokeOff', brokeOff) }),
  }
}

/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1
/** What a head can carry (RFC 9110 section 5.5); a higher character would be cut to its last byte, which may be a line end. */
const TEXT_OF_HEAD = /^[\t\x20-\x7e\x80-\xff]*$/
const FIELD_LINE = /^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/

function readContent(
  where: string,
  { headers, body, trailers }: Members,
): Pick<RecordedRequest, 'headers' | 'body' | 'trailers'> {
  return {
    headers: fields(where, 'headers', headers),
    ...(body !== undefined && { body: readBody(`${where}.body`, object(where, 'body', body)) }),
    ...(trailers !== undefined && { trailers: fields(where, 'trailers', trailers) }),
  }
}

function readBody(where: string, members: Members): RecordedBody {
  knownOptions(where, members, ['json', 'text', 'base64', 'omitted'])
  if (Object.keys(members).length !== 1)
    throw invalidOption(where, 'body', 'one of "json", "text", "base64" and "omitted"', members)
  if ('json' in members) return { json: members.json }
  if ('text' in members) return { text: lines(where, 'text', members.text) }
  if ('omitted' in members) return { omitted: text(where, 'omitted', members.omitted) }
  const base64 = lines(where, 'base64', members.base64)
  const whole = typeof base64 === 'string' ? base64 : base64.join('')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(whole) || whole.length % 4 !== 0)
    throw invalidOption(where, 'base64', 'base64', whole)
  return { base64 }
}

function object(owner: string, at: string, value: unknown): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw invalidOption(owner, at, 'an object', value)
}

function text(where: string, at: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalidOption(where, at, 'a string', value)
}

function lines(where: string, at: string, value: unknown): string | readonly string[] {
  if (typeof value === 'string' || isStrings(value)) return value
  throw invalidOption(where, at, 'a string or a list of strings', value)
}

function fields(where: string, at: string, value: unknown): readonly string[] {
  if (isStrings(value) && value.every((it) => FIELD_LINE.test(it))) return value
  throw invalidOption(where, at, 'a list of fields, "Name: value" each', value)
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((it) => typeof it === 'string')
}
