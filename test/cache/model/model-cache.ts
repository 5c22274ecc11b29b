import { isDeepStrictEqual } from 'node:util'
import {
  type Answer,
  type Asked,
  askedOf,
  type Directives,
  type Fields,
  fieldsText,
  type Reply,
  type Request,
} from './messages.ts'

interface Response extends Reply {
  readonly target: string
}

interface Stored extends Response {
  /** What the request had in the fields that `Vary` names. */
  readonly selectedBy: Readonly<Record<string, string | undefined>>
  /** Before it came. */
  readonly initialAge: number
  readonly responseTime: number
}

type Ask = (asked: Asked) => Reply | undefined
type CacheStatus = Readonly<Record<string, true | number | string>>
type Why = 'miss' | 'stale' | 'request'

const HEURISTIC = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]
const OF_ONE_REQUEST = [206, 304, 407, 408, 412, 416, 417, 421, 425, 426, 428, 429, 431, 505, 511]
const NOT_UNDERSTOOD = [299, 418, 599]
const ERRORS = [500, 502, 503, 504]
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE']

/**
 * A second opinion on what a shared cache does: written from RFC 9111, 9110, 5861, 8246 and 9213 alone, for messages that need
 * no parsing, one after another, in one list. Where the RFCs leave it open, it does as the decisions in docs say.
 */
export class ModelCache {
  #stored: Stored[] = []
  readonly #clock: { now: number }
  readonly #ask: Ask

  /** `ask` may move the clock: the service takes its time. */
  constructor(clock: { now: number }, ask: Ask) {
    this.#clock = clock
    this.#ask = ask
  }

  handle(request: Request): Answer {
    const { method, ifMatch } = request
    if ((method !== 'GET' && method !== 'HEAD') || ifMatch !== undefined) return this.#pass(request)
    const stored = this.#select(request)
    const why = stored === undefined ? 'miss' : this.#notUsable(stored, request)
    if (why === undefined) {
      const answer = this.#respond(stored!, request, { hit: true, ttl: this.#ttl(stored!) })
      if (remaining(stored!, this.#clock.now) <= 0 && this.#inWindow(stored!, stored!.fields))
        this.#fetch(stored, wholeOf(request))
      return answer
    }
    if (request.cacheControl?.onlyIfCached) return { status: 504, body: '', fields: {} }
    const got = this.#fetch(stored, request)
    if ('reply' in got) return raw(got.reply, why)
    if (got.from === 'error') {
      const forwarded = got.status === undefined ? {} : { 'fwd-status': got.status }
      return this.#respond(got.stored, request, { fwd: why, ...forwarded })
    }
    const status: CacheStatus =
      got.from === 'confirmed' ? { fwd: why, 'fwd-status': 304 } : { fwd: why, stored: true }
    // What is stored for nobody is for the one who has asked all the same.
    const own = { ...got.stored, fields: { ...got.stored.fields, ...got.own } }
    return this.#respond(own, request, status)
  }

  /** RFC 9111 section 4.1. */
  #select(request: Request): Stored | undefined {
    const matching = this.#stored.filter(
      ({ target, selectedBy }) =>
        target === request.target &&
        Object.entries(selectedBy).every(([name, value]) => selecting(request, name) === value),
    )
    return matching.reduce<Stored | undefined>(
      (newest, one) => (newest === undefined || one.fields.date! >= newest.fields.date! ? one : newest),
      undefined,
    )
  }

  /** Why it is not used as it is: RFC 9111 sections 4.2.4, 5.2.1 and 5.2.2, RFC 5861 section 3, RFC 8246. */
  #notUsable(stored: Stored, { cacheControl = {}, pragma }: Request): Why | undefined {
    const said = directives(stored.fields)
    if (said.noCache === true) return 'stale'
    const left = remaining(stored, this.#clock.now)
    const age = ageOf(stored, this.#clock.now)
    const { maxAge, minFresh, maxStale } = cacheControl
    if (cacheControl.noCache || (pragma && Object.keys(cacheControl).length === 0)) return 'request'
    if (maxAge === 0 ? !(said.immutable && left > 0) : age > (maxAge ?? Number.POSITIVE_INFINITY) * 1_000)
      return 'request'
    if (left < (minFresh ?? 0) * 1_000 && minFresh !== undefined) return 'request'
    if (left > 0 || this.#inWindow(stored, stored.fields)) return undefined
    const most = maxStale === true ? Number.POSITIVE_INFINITY : (maxStale ?? -1) * 1_000
    return said.sMaxage === undefined && !forbidsStale(said) && -left <= most ? undefined : 'stale'
  }

  #inWindow(stored: Stored, fields: Fields): boolean {
    const said = directives(fields)
    return (
      !forbidsStale(said) && -remaining(stored, this.#clock.now) < (said.staleWhileRevalidate ?? 0) * 1_000
    )
  }

  /** Asks the service, with the validators of what is stored (RFC 9111 section 4.3.1). */
  #fetch(
    stored: Stored | undefined,
    request: Request,
  ):
    | { reply: Reply | undefined }
    | { stored: Stored; from: 'error'; status: number | undefined }
    | { stored: Stored; from: 'confirmed' | 'new'; own: Fields } {
    const { ifNoneMatch, ifModifiedSince: _, ifRange: __, range, ...rest } = request
    const { etag, lastModified } = stored?.fields ?? {}
    const validates = etag !== undefined || lastModified !== undefined
    const listed = ifNoneMatch === undefined || ifNoneMatch === '*' ? [] : ifNoneMatch.split(', ')
    const tags = etag === undefined ? [] : [...new Set([etag, ...listed])]
    const whole = {
      ...rest,
      ...(tags.length > 0 && { ifNoneMatch: tags.join(', ') }),
      ...(lastModified !== undefined && { ifModifiedSince: lastModified }),
    }
    // Of a part, or a head alone, nothing will be stored: it is asked for as the client does.
    const asked = !validates && (range !== undefined || request.method === 'HEAD') ? request : whole
    const requestTime = this.#clock.now
    const reply = this.#ask(askedOf(asked))
    const { now } = this.#clock
    if (
      stored !== undefined &&
      (reply === undefined || ERRORS.includes(reply.status)) &&
      this.#forErrors(stored, request)
    )
      return { stored, from: 'error', status: reply?.status }
    if (reply === undefined) return { reply }
    if (reply.status === 304 && stored !== undefined) {
      if (!isAbout(reply.fields, stored.fields, now, asked === request || tags.length > 1)) return { reply }
      const { setCookie: _____, ...update } = reply.fields
      const { age: ______, date: _______, ...before } = stored.fields
      const confirmed = { ...stored, fields: { ...before, ...update } }
      // One that now depends on other fields is kept under none.
      const isOfTheSame = isDeepStrictEqual(varyOf(confirmed), varyOf(stored))
      if (isOfTheSame && this.#mayStore(request, confirmed, requestTime))
        return { stored: this.#store(confirmed, request, requestTime), from: 'confirmed', own: reply.fields }
      this.#forget(request.target)
      return { stored: timed(confirmed, requestTime, now), from: 'confirmed', own: reply.fields }
    }
    const response = { target: request.target, ...reply }
    if (request.method === 'GET' && this.#mayStore(request, response, requestTime))
      return { stored: this.#store(response, request, requestTime), from: 'new', own: reply.fields }
    if (stored !== undefined && this.#isAnother(request, response, requestTime)) this.#forget(request.target)
    return { reply }
  }

  /** Whether a response that is not stored shows that the service has something else now: no refusal, nothing for one request. */
  #isAnother(request: Request, response: Response, requestTime: number): boolean {
    const { status, fields } = response
    const said = directives(fields)
    if ((status >= 400 && status !== 404 && status !== 410) || OF_ONE_REQUEST.includes(status)) return false
    if (request.cacheControl?.noStore || (said.mustUnderstand && NOT_UNDERSTOOD.includes(status)))
      return false
    if ((said.noStore && !said.mustUnderstand) || said.private === true) return true
    const isForAll = said.public || said.mustRevalidate || said.sMaxage !== undefined
    if (request.authorization !== undefined && !isForAll) return false
    return !this.#mayStore(request, response, requestTime)
  }

  /** RFC 5861 section 4. */
  #forErrors(stored: Stored, { cacheControl = {} }: Request): boolean {
    const said = directives(stored.fields)
    if (forbidsStale(said)) return false
    const byClient = said.sMaxage === undefined ? (cacheControl.staleIfError ?? 0) : 0
    return (
      -remaining(stored, this.#clock.now) < Math.max(said.staleIfError ?? 0, byClient) * 1_000 &&
      Math.max(said.staleIfError ?? 0, byClient) > 0
    )
  }

  /** RFC 9111 sections 3, 3.5, 5.2.2. */
  #mayStore(request: Request, { status, fields }: Response, requestTime: number): boolean {
    const { now } = this.#clock
    const said = directives(fields)
    const understood = !NOT_UNDERSTOOD.includes(status)
    const lifetime = lifetimeOf(status, fields, now)
    const windows = forbidsStale(said)
      ? 0
      : Math.max(said.staleWhileRevalidate ?? 0, said.staleIfError ?? 0) * 1_000
    return (
      !request.cacheControl?.noStore &&
      !OF_ONE_REQUEST.includes(status) &&
      (!said.mustUnderstand || understood) &&
      (!said.noStore || said.mustUnderstand === true) &&
      said.private !== true &&
      (request.authorization === undefined ||
        said.public ||
        said.mustRevalidate ||
        said.sMaxage !== undefined) !== false &&
      !fields.vary?.includes('*') &&
      (fields.setCookie === undefined || namedBy(fields).includes('set-cookie')) &&
      (lifetime.named || said.public === true || HEURISTIC.includes(status)) &&
      (fields.etag !== undefined ||
        fields.lastModified !== undefined ||
        (said.noCache !== true && lifetime.ms + windows > initialAge(fields, requestTime, now)))
    )
  }

  #store(response: Response, request: Request, requestTime: number): Stored {
    const stored = timed(response, requestTime, this.#clock.now)
    const selectedBy = Object.fromEntries(varyOf(response).map((name) => [name, selecting(request, name)]))
    const { target } = response
    const entry = { ...stored, selectedBy }
    if (response.breaksOff) return entry
    this.#stored = this.#stored.filter(
      (one) => one.target !== target || !isDeepStrictEqual(one.selectedBy, selectedBy),
    )
    this.#stored.push(entry)
    return entry
  }

  #forget(...targets: string[]): void {
    this.#stored = this.#stored.filter(({ target }) => !targets.includes(target))
  }

  /** RFC 9110 section 13.2.2, RFC 9111 section 4.3.2: 304, a part, or all of it. */
  #respond(stored: Stored, request: Request, cacheStatus: CacheStatus): Answer {
    const { status, body } = stored
    const isNew = 'stored' in cacheStatus
    const aged = { ...stored.fields, age: Math.floor(ageOf(stored, this.#clock.now) / 1_000) }
    const head: Fields = isNew ? stored.fields : aged
    const answer = (status: number, body: string, { contentType, contentRange }: Fields = {}): Answer => {
      const type = status === 304 || status === 416 ? undefined : (contentType ?? head.contentType)
      const { contentType: _, ...rest } = head
      const fields = fieldsText({
        ...rest,
        ...(type !== undefined && { contentType: type }),
        ...(contentRange !== undefined && { contentRange }),
      })
      return { status, body, fields: { ...fields, 'cache-status': `model; ${toldStatus(cacheStatus)}` } }
    }
    if (hasItAlready(request, stored)) return answer(304, '')
    if (stored.breaksOff) return answer(status, 'broken off')
    const cuts = request.method === 'GET' && status === 200 && rangeCounts(request, stored)
    const ranges = cuts ? rangesOf(request.range, body.length) : undefined
    // What the service has just sent goes on as it comes.
    if (ranges === undefined || isNew) return answer(status, request.method === 'HEAD' ? '' : body)
    if (ranges.length === 0) return answer(416, '', { contentRange: `bytes */${body.length}` })
    const parts = ranges.map(
      ([first, last]) => [`bytes ${first}-${last}/${body.length}`, body.slice(first, last + 1)] as const,
    )
    if (parts.length === 1) return answer(206, parts[0]![1], { contentRange: parts[0]![0] })
    const type = head.contentType === undefined ? '' : `Content-Type: ${head.contentType}\r\n`
    const text = parts.map(([range, part]) => `--BOUNDARY\r\n${type}Content-Range: ${range}\r\n\r\n${part}`)
    const all = `${text.join('\r\n')}\r\n--BOUNDARY--\r\n`
    return answer(206, all, { contentType: 'multipart/byteranges; boundary=BOUNDARY' })
  }

  /** RFC 9111 section 4.4. */
  #pass(request: Request): Answer {
    const reply = this.#ask(askedOf(request))
    if (UNSAFE.includes(request.method) && reply !== undefined && reply.status < 400) {
      const other = new URL(reply.fields.location ?? '', `http://example.com${request.target}`)
      const gone = [
        request.target,
        ...(other.host === 'example.com' ? [other.href.slice(other.origin.length)] : []),
      ]
      this.#forget(...gone)
    }
    return raw(reply, request.method === 'GET' || request.method === 'HEAD' ? 'bypass' : 'method')
  }

  #ttl(stored: Stored): number {
    return Math.floor(remaining(stored, this.#clock.now) / 1_000)
  }
}

/** What is refreshed is all of it, whatever the client has asked for. */
function wholeOf(request: Request): Request {
  const { range: _, ifRange: __, ifNoneMatch: ___, ifModifiedSince: ____, ...rest } = request
  return { ...rest, method: 'GET' }
}

/** RFC 9213 section 2.2: a targeted field that says something takes the place of `Cache-Control` and `Expires`. */
function directives({ cdnCacheControl, cacheControl = {} }: Fields): Directives {
  return isTargeted(cdnCacheControl) ? cdnCacheControl! : cacheControl
}

function isTargeted(field: Directives | undefined): boolean {
  return field !== undefined && Object.keys(field).length > 0
}

/** RFC 9111 section 4.2.1. */
function lifetimeOf(status: number, fields: Fields, now: number): { ms: number; named: boolean } {
  const { sMaxage, maxAge, public: isPublic } = directives(fields)
  const seconds = sMaxage ?? maxAge
  if (seconds !== undefined) return { ms: seconds * 1_000, named: true }
  const { date = wholeSeconds(now), expires, lastModified } = fields
  if (expires !== undefined && !isTargeted(fields.cdnCacheControl))
    return { ms: Math.max(0, expires - date), named: true }
  const guessed = lastModified !== undefined && (isPublic || HEURISTIC.includes(status))
  return { ms: guessed ? Math.min(86_400_000, Math.max(0, (date - lastModified!) / 10)) : 0, named: false }
}

/** As it is kept (RFC 9111 sections 3.1, 5.2.2.4, 5.2.2.7; RFC 9110 section 6.6.1). */
function timed(response: Response, requestTime: number, responseTime: number): Stored {
  const { setCookie, ...fields } = response.fields
  const isNamed = namedBy(fields).includes('set-cookie')
  const kept = { ...fields, ...(setCookie !== undefined && !isNamed && { setCookie }) }
  const dated = { ...kept, date: fields.date ?? wholeSeconds(responseTime) }
  const age = initialAge(dated, requestTime, responseTime)
  return { ...response, fields: dated, selectedBy: {}, initialAge: age, responseTime }
}

function varyOf({ fields: { vary = [] } }: Response): string[] {
  return [...new Set(vary.map((name) => name.toLowerCase()))].sort()
}

/** The fields that `private` or `no-cache` name. */
function namedBy(fields: Fields): readonly string[] {
  const said = directives(fields)
  return [said.private, said.noCache].flatMap((it) => (it === true || it === undefined ? [] : it))
}

/** RFC 9111 section 4.2.3. */
function initialAge(fields: Fields, requestTime: number, responseTime: number): number {
  const { age = 0, date = wholeSeconds(responseTime) } = fields
  return Math.max(0, responseTime - date, age * 1_000 + responseTime - requestTime)
}

function ageOf({ initialAge, responseTime }: Stored, now: number): number {
  return initialAge + now - responseTime
}

function remaining(stored: Stored, now: number): number {
  return lifetimeOf(stored.status, stored.fields, stored.responseTime).ms - ageOf(stored, now)
}

function forbidsStale({ noCache, mustRevalidate, proxyRevalidate }: Directives): boolean {
  return noCache === true || mustRevalidate === true || proxyRevalidate === true
}

/** Which of a request's fields select: those of which neither case nor space matter are compared without. */
function selecting(request: Request, name: string): string | undefined {
  const fields: Record<string, string | undefined> = {
    'accept-language': request.acceptLanguage,
    'accept-encoding': request.acceptEncoding,
  }
  return fields[name]?.toLowerCase().replaceAll(' ', '')
}

/** RFC 9111 section 4.3.4: whether a 304 is about a stored response. */
function isAbout(update: Fields, stored: Fields, _now: number, others: boolean): boolean {
  if (update.etag !== undefined) {
    if (stored.etag === undefined) return false
    const isStrong = !update.etag.startsWith('W/')
    return isStrong ? update.etag === stored.etag : weak(update.etag) === weak(stored.etag)
  }
  if (update.lastModified !== undefined) return update.lastModified === stored.lastModified
  return !others
}

/** RFC 9110 sections 13.1.2 and 13.1.3, RFC 9111 section 4.3.2. */
function hasItAlready(request: Request, { status, fields }: Stored): boolean {
  const { ifNoneMatch, ifModifiedSince } = request
  if (status > 299) return false
  if (ifNoneMatch === '*') return true
  if (ifNoneMatch !== undefined)
    return (
      fields.etag !== undefined && ifNoneMatch.split(', ').some((tag) => weak(tag) === weak(fields.etag!))
    )
  return ifModifiedSince !== undefined && (fields.lastModified ?? fields.date!) <= ifModifiedSince
}

/** RFC 9110 section 13.1.5. */
function rangeCounts({ ifRange }: Request, { fields: { etag, lastModified, date } }: Stored): boolean {
  if (ifRange === undefined) return true
  if (typeof ifRange === 'string') return ifRange === etag && !ifRange.startsWith('W/')
  return ifRange === lastModified && date! - lastModified >= 1_000
}

/** RFC 9110 sections 14.1.2 and 14.2; none: unsatisfiable. `undefined`: all of it. */
function rangesOf(range: string | undefined, size: number): [first: number, last: number][] | undefined {
  if (!range?.startsWith('bytes=')) return undefined
  return range
    .slice(6)
    .split(',')
    .map((one): [number, number] => {
      const [first, last] = one.split('-')
      if (first === '') return [Math.max(0, size - Number(last)), size - 1]
      return [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)]
    })
    .filter(([first, last]) => first <= last)
}

/** As the service has sent it. */
function raw(reply: Reply | undefined, fwd: string): Answer {
  if (reply === undefined) return { status: 502, body: '', fields: {} }
  const fields = { ...fieldsText(reply.fields), 'cache-status': `model; fwd=${fwd}` }
  return { status: reply.status, body: reply.breaksOff ? 'broken off' : reply.body, fields }
}

function toldStatus(status: CacheStatus): string {
  return Object.entries(status)
    .map(([name, value]) => (value === true ? name : `${name}=${value}`))
    .join('; ')
}

const weak = (tag: string) => tag.replace('W/', '')
const wholeSeconds = (ms: number) => Math.floor(ms / 1_000) * 1_000
