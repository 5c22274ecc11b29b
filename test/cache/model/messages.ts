/** What a response says of itself, before it is written down: the model never parses a field. Times in `Directives` are in s. */
export interface Directives {
  noStore?: true
  noCache?: true | readonly string[]
  private?: true | readonly string[]
  public?: true
  mustRevalidate?: true
  proxyRevalidate?: true
  mustUnderstand?: true
  immutable?: true
  maxAge?: number
  sMaxage?: number
  staleWhileRevalidate?: number
  staleIfError?: number
}

/** The fields of a response. Moments are in ms since 1970. */
export interface Fields {
  cacheControl?: Directives
  cdnCacheControl?: Directives
  expires?: number
  date?: number
  age?: number
  etag?: string
  lastModified?: number
  vary?: readonly string[]
  setCookie?: string
  contentType?: string
  contentRange?: string
  location?: string
  /** Which of the service's answers it comes from: two of them never look the same. */
  answer?: number
}

export interface Reply {
  readonly status: number
  readonly fields: Fields
  readonly body: string
  /** After half of the body the connection is gone. */
  readonly breaksOff?: boolean
}

/** What a request asks for, in s. */
export interface Wishes {
  noStore?: true
  noCache?: true
  onlyIfCached?: true
  maxAge?: number
  maxStale?: number | true
  minFresh?: number
  staleIfError?: number
}

export interface Request {
  method: string
  target: string
  cacheControl?: Wishes
  pragma?: 'no-cache'
  ifNoneMatch?: string
  ifModifiedSince?: number
  ifMatch?: string
  ifRange?: string | number
  range?: string
  authorization?: string
  acceptLanguage?: string
  acceptEncoding?: string
}

/** What the service was asked: the fields that matter here, by lower-case name. */
export interface Asked {
  readonly method: string
  readonly target: string
  readonly fields: Readonly<Record<string, string>>
}

/** What a client has got. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly fields: Readonly<Record<string, string>>
}

export const ASKED_FIELDS = [
  'accept-encoding',
  'accept-language',
  'authorization',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
]

export const httpDate = (ms: number) => new Date(ms).toUTCString()

function directiveText(directives: Directives | Wishes): string {
  return Object.entries(directives)
    .map(([name, value]: [string, true | number | readonly string[]]) => {
      const word = name === 'sMaxage' ? 's-maxage' : name.replaceAll(/[A-Z]/g, (it) => `-${it.toLowerCase()}`)
      if (value === true) return word
      return typeof value === 'number' ? `${word}=${value}` : `${word}="${value.join(', ')}"`
    })
    .join(', ')
}

/** A response's fields as they go over the wire. */
export function fieldsText(fields: Fields): Record<string, string> {
  const written: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const lower = name === 'answer' ? 'x-answer' : kebab(name)
    if (name === 'cacheControl' || name === 'cdnCacheControl')
      written[lower] = directiveText(value as Directives)
    else if (name === 'expires' || name === 'date' || name === 'lastModified')
      written[lower] = httpDate(value as number)
    else written[lower] = Array.isArray(value) ? value.join(', ') : `${value as string | number}`
  }
  return written
}

/** A request's fields as they go over the wire. */
export function requestText(request: Request): Record<string, string> {
  const written: Record<string, string> = {}
  for (const [name, value] of Object.entries(request)) {
    if (value === undefined || name === 'method' || name === 'target') continue
    if (name === 'cacheControl') written['cache-control'] = directiveText(value as Wishes)
    else written[kebab(name)] = typeof value === 'number' ? httpDate(value) : (value as string)
  }
  return written
}

/** What the service sees of a request. */
export function askedOf(request: Request): Asked {
  const all = requestText(request)
  const fields: Record<string, string> = {}
  for (const name of ASKED_FIELDS) if (all[name] !== undefined) fields[name] = all[name]
  return { method: request.method, target: request.target, fields }
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (it) => `-${it.toLowerCase()}`)
}
