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

type Got =
  | { readonly from: 'nowhere'; readonly reply: Reply | undefined }
  | {
      readonly from: 'error' | 'confirmed' | 'new'
      readonly stored: Stored
      readonly reply: Reply | undefined
      /** Whether a confirmation is for nobody else. */
      readonly isForOne?: boolean
    }
type Ask = (asked: Asked) => Reply | undefined
type CacheStatus = Readonly<Record<string, true | number | string>>
type Why = 'uri-miss' | 'vary-miss' | 'stale' | 'request'

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
  /** What is in memory of it: that answers before the store behind it is asked. */
  #near = new WeakSet<Stored>()
  /** Until when each client asks for itself, by target. */
  readonly #alone = new Map<string, number>()
  /** What could not be refreshed: so long the next time waits. */
  readonly #failed = new Map<string, { readonly waitMs: number; readonly until: number }>()
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
    const why = stored === undefined ? this.#missing(request) : this.#notUsable(stored, request)
    const joinable = isJoinable(request)
    const alone = !joinable || this.#clock.now < (this.#alone.get(request.target) ?? 0)
    if (why === undefined) {
      if (!alone) this.#near.add(stored!)
      const answer = this.#respond(stored!, request, { hit: true, ttl: this.#ttl(stored!) })
      if (remaining(stored!, this.#clock.now) <= 0 && this.#inWindow(stored!, stored!.fields))
        this.#refresh(stored!, request)
      return answer
    }
    if (request.cacheControl?.onlyIfCached) return { status: 504, body: '', fields: {} }
    const got = this.#fetch(stored, request, alone)
    // Where an answer was for one alone, nobody waits for another's; so the service is asked as the client does.
    if (got.from === 'new' && this.#notUsable(got.stored, NOBODY) === undefined)
      this.#alone.delete(request.target)
    else if (
      got.from === 'new' ||
      (got.from === 'confirmed' && got.isForOne === true && joinable) ||
      (got.from === 'nowhere' && got.reply && got.reply.status !== 304 && joinable)
    )
      this.#alone.set(request.target, this.#clock.now + 10_000)
    if (got.from === 'nowhere') return this.#passedOn(got.reply, request, why)
    const { reply, from } = got
    if (from === 'error')
      return this.#respond(got.stored, request, { fwd: why, ...(reply && { 'fwd-status': reply.status }) })
    const { setCookie } = reply!.fields
    const answering = { ...got.stored, fields: { ...got.stored.fields, ...(setCookie && { setCookie }) } }
    if (from === 'confirmed') return this.#respond(answering, request, { fwd: why, 'fwd-status': 304 })
    return this.#respond(answering, request, { fwd: why, stored: true })
  }

  /** The process begins anew: what stands behind the memory outlives that. */
  restart(keeps: boolean): void {
    this.#alone.clear()
    this.#failed.clear()
    this.#near = new WeakSet()
    if (!keeps) this.#stored = []
  }

  /** In the background, for nobody: RFC 5861 section 3. */
  #refresh(stored: Stored, request: Request): void {
    if (request.cacheControl?.noStore) return
    const id = JSON.stringify([request.target, Object.entries(stored.selectedBy)])
    const failed = this.#failed.get(id)
    if (failed !== undefined && this.#clock.now < failed.until) return
    const got = this.#fetch(stored, wholly(request), false, true)
    const isFailure =
      got.from === 'error' ||
      (got.from === 'nowhere' && (got.reply?.status ?? 500) >= 500) ||
      (got.from === 'new' && got.stored.breaksOff)
    const waitMs = failed === undefined ? 1_000 : Math.min(failed.waitMs * 2, 30_000)
    if (isFailure) this.#failed.set(id, { waitMs, until: this.#clock.now + waitMs })
    else this.#failed.delete(id)
  }

  #missing({ target }: Request): Why {
    return this.#stored.some((it) => it.target === target) ? 'vary-miss' : 'uri-miss'
  }

  /** RFC 9111 section 4.1. */
  #select(request: Request): Stored | undefined {
    const matching = this.#stored.filter(
      ({ target, selectedBy }) =>
        target === request.target &&
        Object.entries(selectedBy).every(([name, value]) => selecting(request, name) === value),
    )
    const near = mostRecent(matching.filter((it) => this.#near.has(it)))
    if (near !== undefined && this.#notUsable(near, request) === undefined) return near
    const best = mostRecent(matching)
    return near !== undefined && near.fields.date! >= best!.fields.date! ? near : best
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
  #fetch(stored: Stored | undefined, request: Request, alone: boolean, inBackground = false): Got {
    const { ifNoneMatch, ifModifiedSince: _, ifRange: __, range: ___, ...rest } = request
    const { etag, lastModified } = stored?.fields ?? {}
    const validates = etag !== undefined || lastModified !== undefined
    const listed = ifNoneMatch === undefined || ifNoneMatch === '*' ? [] : ifNoneMatch.split(', ')
    const tags = etag === undefined ? [] : [...new Set([etag, ...listed])]
    const whole = {
      ...rest,
      ...(tags.length > 0 && { ifNoneMatch: tags.join(', ') }),
      ...(lastModified !== undefined && { ifModifiedSince: lastModified }),
    }
    const asked = !validates && alone ? request : whole
    const requestTime = this.#clock.now
    const reply = this.#ask(askedOf(asked))
    const { now } = this.#clock
    if (
      stored !== undefined &&
      (reply === undefined || ERRORS.includes(reply.status)) &&
      (this.#forErrors(stored, request) || (inBackground && reply !== undefined))
    )
      return { stored, from: 'error', reply }
    if (reply === undefined) return { from: 'nowhere', reply }
    if (reply.status === 304 && stored !== undefined) {
      if (!isAbout(reply.fields, stored.fields, now, asked === request || tags.length > 1)) {
        const isOfClient =
          asked === request ||
          listed.some(
            (tag) => etag !== undefined && tag !== etag && weak(tag) === weak(reply.fields.etag ?? ''),
          )
        return isOfClient ? { from: 'nowhere', reply } : this.#fetch(undefined, request, alone)
      }
      return { ...this.#confirm(stored, reply, request, requestTime), from: 'confirmed', reply }
    }
    // RFC 9111 section 4.3.5.
    if (stored !== undefined && request.method === 'HEAD' && reply.status === 200) {
      const { etag: newTag = etag, lastModified: newDate = lastModified } = reply.fields
      const isSame = stored.status === 200 && newTag === etag && newDate === lastModified
      if (isSame) this.#confirm(stored, reply, request, requestTime)
      else this.#makeStale(stored)
    }
    const response = { target: request.target, ...reply }
    const storable = this.#mayStore(request, response, requestTime)
    if (storable && request.method === 'GET')
      return { stored: this.#store(response, request, requestTime), from: 'new', reply }
    // The service has something else now, and not for this client alone.
    const says = reply.status < 400 || reply.status === 404 || reply.status === 410
    const changed = says && !storable && !isOfOne(request, response)
    if (stored !== undefined && changed) this.#forget(request.target)
    return { from: 'nowhere', reply }
  }

  /** RFC 9111 section 3.2: the new head, stored if it may be. */
  #confirm(
    stored: Stored,
    reply: Reply,
    request: Request,
    requestTime: number,
  ): { stored: Stored; isForOne: boolean } {
    const { setCookie: _, ...update } = reply.fields
    const { age: __, date: ___, ...before } = stored.fields
    const confirmed = { ...stored, fields: { ...before, ...update } }
    // One that now depends on other fields is kept under none.
    const isOfTheSame = isDeepStrictEqual(varyOf(confirmed), varyOf(stored))
    const isForOne = !this.#mayStore(request, confirmed, requestTime)
    if (isOfTheSame && !isForOne) {
      const entry = this.#store(confirmed, request, requestTime)
      // For HEAD no content is taken into memory.
      if (request.method === 'HEAD' && !this.#near.has(stored)) this.#near.delete(entry)
      return { stored: entry, isForOne }
    }
    if (!isOfOne(request, confirmed)) this.#forget(request.target)
    return { stored: timed(confirmed, requestTime, this.#clock.now), isForOne }
  }

  /** As old as it may become, from now on. */
  #makeStale(stored: Stored): void {
    const { now } = this.#clock
    const lifetime = lifetimeOf(stored.status, stored.fields, stored.responseTime).ms
    const age = Math.floor(Math.max(Math.ceil(lifetime / 1_000) * 1_000, ageOf(stored, now)) / 1_000)
    const { selectedBy } = stored
    const stale = { ...timed({ ...stored, fields: { ...stored.fields, age } }, now, now), selectedBy }
    this.#stored = [...this.#stored.filter((one) => one !== stored), stale]
    if (this.#near.has(stored)) this.#near.add(stale)
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
  #mayStore(request: Request, response: Response, requestTime: number): boolean {
    const { status, fields } = response
    const said = directives(fields)
    const lifetime = lifetimeOf(status, fields, this.#clock.now)
    const seconds = Math.max(said.staleWhileRevalidate ?? 0, said.staleIfError ?? 0)
    const useful = lifetime.ms + (forbidsStale(said) ? 0 : seconds * 1_000)
    return (
      !isOfOne(request, response) &&
      !isSecret(said) &&
      !fields.vary?.includes('*') &&
      (fields.setCookie === undefined || namedBy(fields).includes('set-cookie')) &&
      (lifetime.named || said.public === true || HEURISTIC.includes(status)) &&
      (fields.etag !== undefined ||
        fields.lastModified !== undefined ||
        (said.noCache !== true && useful > initialAge(fields, requestTime, this.#clock.now)))
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
    this.#near.add(entry)
    return entry
  }

  #forget(...targets: string[]): void {
    this.#stored = this.#stored.filter(({ target }) => !targets.includes(target))
  }

  /** RFC 9110 section 13.2.2, RFC 9111 section 4.3.2: 304, a part, or all of it. */
  #respond(stored: Stored, request: Request, cacheStatus: CacheStatus): Answer {
    const { status, body } = stored
    // What the service has just sent goes on as it comes.
    const isNew = 'stored' in cacheStatus
    const age = Math.floor(ageOf(stored, this.#clock.now) / 1_000)
    const head = isNew ? stored.fields : { ...stored.fields, age }
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
    if (hasItAlready(request, stored, this.#clock.now)) return answer(304, '')
    if (stored.breaksOff) return answer(status, 'broken off')
    const cuts = request.method === 'GET' && status === 200 && rangeCounts(request, stored)
    const ranges = cuts ? rangesOf(request.range, body.length) : undefined
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

  /** As the service has sent it, if the client has not got it already: the service may not have known what it has. */
  #passedOn(reply: Reply | undefined, request: Request, fwd: Why): Answer {
    const answer = raw(reply, fwd)
    if (reply === undefined || !hasItAlready(request, reply, this.#clock.now)) return answer
    const { 'content-type': _type, 'content-range': _range, ...fields } = answer.fields
    return { status: 304, body: '', fields }
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

/** One with no wishes. */
const NOBODY: Request = { method: 'GET', target: '' }

/** Whether its answer may be others' too. */
function isJoinable({ method, cacheControl, range, authorization }: Request): boolean {
  return method === 'GET' && !cacheControl?.noStore && range === undefined && authorization === undefined
}

/** A request for all of it, whoever asks, and whatever is wished for. */
function wholly({ target, ...request }: Request): Request {
  const { ifNoneMatch: _, ifModifiedSince: __, ifRange: ___, range: ____, ...others } = request
  const { cacheControl: _____, pragma: ______, ...rest } = others
  return { ...rest, target, method: 'GET' }
}

/** Whether an answer is about this one request, and says nothing of what others may have. */
function isOfOne(request: Request, { status, fields }: Response): boolean {
  const said = directives(fields)
  const shared = said.public || said.mustRevalidate || said.sMaxage !== undefined
  return (
    request.cacheControl?.noStore === true ||
    OF_ONE_REQUEST.includes(status) ||
    (said.mustUnderstand === true && NOT_UNDERSTOOD.includes(status)) ||
    (request.authorization !== undefined && !shared && !isSecret(said))
  )
}

function isSecret({ noStore, mustUnderstand, private: scope }: Directives): boolean {
  return (noStore === true && mustUnderstand !== true) || scope === true
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

function mostRecent(all: readonly Stored[]): Stored | undefined {
  return all.reduce<Stored | undefined>(
    (newest, one) => (newest === undefined || isAsRecent(one, newest) ? one : newest),
    undefined,
  )
}

/** Of two of one second, the one that came later. */
function isAsRecent(one: Stored, other: Stored): boolean {
  const [date, otherDate] = [one.fields.date!, other.fields.date!]
  return date === otherDate ? one.responseTime >= other.responseTime : date > otherDate
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
function hasItAlready(request: Request, { status, fields }: Reply, now: number): boolean {
  const { ifNoneMatch, ifModifiedSince } = request
  if (status > 299 || (request.method !== 'GET' && request.method !== 'HEAD')) return false
  if (ifNoneMatch === '*') return true
  if (ifNoneMatch !== undefined)
    return (
      fields.etag !== undefined && ifNoneMatch.split(', ').some((tag) => weak(tag) === weak(fields.etag!))
    )
  return ifModifiedSince !== undefined && (fields.lastModified ?? fields.date ?? now) <= ifModifiedSince
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
