import { STATUS_CODES } from 'node:http'
import { invalidOption, knownOptions } from '../../core/options.ts'
import {
  type FakeReply,
  type FakeRequest,
  type FakeUpstream,
  type FakeUpstreamOptions,
  fakeUpstream,
} from '../upstream/fake-upstream.ts'
import { bytesOfRecorded } from './recorded-body.ts'
import { RecordedRequests } from './recorded-requests.ts'
import { gapOf, type RecordedResponse, readRecording } from './recording-file.ts'

export interface RecordedAnswersOptions {
  /** Whether answers take as long as they did. Default `'none'`: they come at once. */
  readonly latency?: 'recorded' | 'none' | undefined
  /** Only what was recorded of the pool of this name. Default: all. */
  readonly pool?: string | undefined
  /** Whether a request must have the body that was recorded. Default true; `false` takes any where none fits. */
  readonly matchBody?: boolean | undefined
}

export type ReplayUpstreamOptions = FakeUpstreamOptions & RecordedAnswersOptions

/**
 * A service that answers from a recording: see `record`. It is a `fakeUpstream`, so routes of its own (`on`) go first, and
 * it is started and closed like one.
 *
 * A request gets the answer to the recorded one with the same method, target and body. The order of query parameters counts
 * for nothing, JSON is compared as a value, and what was redacted fits anything; other fields are not looked at. A request
 * that was recorded several times gets the answers in their order, the last one again after that. A response that the
 * service broke off is broken off again.
 *
 * What was not recorded is answered with 501 and what the recording knows, and is noted in `errors`; so is what cannot be
 * replayed: see `Recording.gaps`.
 *
 * @example
 * await using service = await replayUpstream('fixtures/checkout.json', { network, clock }).start()
 *
 * @throws `ERR_OPTION_INVALID` for a file that is no recording, with its name and what is wrong in it.
 */
export function replayUpstream(file: string, options: ReplayUpstreamOptions): FakeUpstream {
  const { latency, pool, matchBody, ...own } = options
  const answer = answersOf('replayUpstream', file, { latency, pool, matchBody })
  const upstream = fakeUpstream(own)
  return upstream.reply((asked) => {
    try {
      return answer(asked)
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error
      // The list of what went wrong is the upstream's own; to those who read it, it is read-only.
      const errors = upstream.errors as unknown[]
      errors.push(error)
      return { status: 501, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: error.message }
    }
  })
}

/**
 * The answers of a recording, for a fake upstream that is there already, as in a simulation. Throws for what was not
 * recorded, which the upstream notes in `errors` and answers with 500. All else is as with `replayUpstream`.
 *
 * @example sim.upstream('http://users:8080').reply(recordedAnswers('fixtures/users.json', { latency: 'recorded' }))
 */
export function recordedAnswers(
  file: string,
  options: RecordedAnswersOptions = {},
): (request: FakeRequest) => FakeReply {
  return answersOf('recordedAnswers', file, options)
}

function answersOf(
  owner: string,
  file: string,
  options: RecordedAnswersOptions,
): (request: FakeRequest) => FakeReply {
  knownOptions(owner, options, ['latency', 'pool', 'matchBody'])
  const { latency = 'none', pool, matchBody = true } = options
  if (latency !== 'none' && latency !== 'recorded')
    throw invalidOption(owner, 'latency', '"recorded" or "none"', latency)
  if (typeof matchBody !== 'boolean') throw invalidOption(owner, 'matchBody', 'true or false', matchBody)
  const recorded = readRecording(file)
  const exchanges = pool === undefined ? recorded : recorded.filter((it) => it.pool === pool)
  if (pool !== undefined && exchanges.length === 0) {
    const pools = [...new Set(recorded.map((it) => JSON.stringify(it.pool)))].join(', ')
    throw invalidOption(owner, 'pool', `one of the pools in ${file} (${pools})`, pool)
  }
  const requests = new RecordedRequests(exchanges, matchBody)
  return (asked) => {
    const what = `${asked.method} ${asked.target}`
    const found = requests.take(asked)
    if (found === undefined) {
      const why = requests.knowsOtherBody(asked)
        ? `${what} with this body; with another one it has (matchBody: false takes any)`
        : what
      throw new NotRecorded(`${file} has no answer to ${why}. It knows: ${listed(requests.known)}`)
    }
    const gap = gapOf(found)
    if (found.response === undefined || gap !== undefined)
      throw new NotRecorded(`${file} cannot answer ${what}: ${gap}`)
    const { afterMs } = found.response
    return { ...replyOf(found.response, asked.method), ...(latency === 'recorded' && { delayMs: afterMs }) }
  }
}

class NotRecorded extends Error {}

const MOST_LISTED = 30

function listed(known: readonly string[]): string {
  if (known.length === 0) return 'nothing'
  const more = known.length > MOST_LISTED ? [`and ${known.length - MOST_LISTED} more`] : []
  return ['', ...known.slice(0, MOST_LISTED), ...more].join('\n  ')
}

function replyOf(
  { status, reason, headers, body, trailers, brokeOff }: RecordedResponse,
  method: string,
): FakeReply {
  const fields = headers.map(fieldOf)
  const bytes = (body === undefined ? undefined : bytesOfRecorded(body)) ?? Buffer.alloc(0)
  const head = { status, reason: reason ?? STATUS_CODES[status] ?? '' }
  const framed = fields.filter(([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name))
  if (brokeOff !== undefined) {
    // A chunk, and then neither another one nor the last.
    const start = rawHead(head, [...framed, ['Transfer-Encoding', 'chunked']])
    const chunk =
      bytes.length === 0 ? [] : [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]
    return { raw: Buffer.concat([start, ...chunk]), after: 'end' }
  }
  // Without content, a length tells of the content that there would have been; there need not be one.
  if (method === 'HEAD') return { raw: rawHead(head, fields) }
  if (status === 304) return { ...head, headers: fields }
  return {
    ...head,
    headers: framed,
    body: bytes,
    ...(trailers !== undefined && { trailers: trailers.map(fieldOf) }),
  }
}

type Field = readonly [name: string, value: string]

function fieldOf(line: string): Field {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function rawHead({ status, reason }: { status: number; reason: string }, fields: readonly Field[]): Buffer {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${lines}\r\n`, 'latin1')
}
