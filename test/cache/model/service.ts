import type { Asked, Directives, Fields, Reply } from './messages.ts'

/** How a resource answers. */
export interface Manner {
  status?: number
  cacheControl?: Directives
  cdnCacheControl?: Directives
  /** Seconds after `Date`. */
  expiresIn?: number
  /** Seconds that it was in caches before. */
  age?: number
  /** Seconds by which the service's clock is wrong; without one there is no `Date`. */
  clockOff?: number | 'no-date'
  tag?: 'strong' | 'weak'
  dated?: true
  vary?: readonly string[]
  setCookie?: string
  contentType?: string
  /** Takes no notice of conditions. */
  unconditional?: true
  /** Its 304 has fields of its own only: no validators. */
  briefly?: true
  ranges?: true
  breaksOff?: true
  delayMs?: number
  /** What an unsafe request to it is answered with. */
  location?: string
}

export type Trouble = 'unreachable' | { readonly status: number; readonly cacheControl?: Directives }

interface Resource {
  version: number
  changedAt: number
  manner: Manner
}

/** When the first versions were made: long before the history begins, so that a guess at a lifetime is 60 s. */
const BEFORE_MS = 600_000

/** A service with a few resources that change. Its answer is a pure function of what was done to it before. */
export class Service {
  readonly asked: Asked[] = []
  trouble: Trouble | undefined
  readonly #resources = new Map<string, Resource>()
  readonly #start: number
  #answers = 0

  constructor(start: number) {
    this.#start = start
  }

  change(target: string, now: number): void {
    const resource = this.#resource(target)
    resource.version++
    resource.changedAt = now
  }

  behave(target: string, manner: Manner): void {
    this.#resource(target).manner = manner
  }

  delayMs(target: string): number {
    return this.#resource(target).manner.delayMs ?? 0
  }

  /** `undefined` where it cannot be reached. */
  answer(asked: Asked, now: number): Reply | undefined {
    this.asked.push(asked)
    const reply = this.#reply(asked, now)
    return reply && asked.method === 'HEAD' ? { ...reply, body: '', breaksOff: false } : reply
  }

  #reply(asked: Asked, now: number): Reply | undefined {
    const answer = ++this.#answers
    const { trouble } = this
    if (trouble === 'unreachable') return undefined
    if (trouble !== undefined) {
      const { status, cacheControl } = trouble
      return { status, fields: { ...(cacheControl && { cacheControl }), answer }, body: `trouble ${answer}` }
    }
    const resource = this.#resource(asked.target)
    const { manner } = resource
    if (!['GET', 'HEAD', 'OPTIONS'].includes(asked.method)) {
      this.change(asked.target, now)
      const { status = 200, location } = manner
      return { status, fields: { ...(location && { location }), answer }, body: `${asked.method} ${answer}` }
    }
    const fields = this.#fields(resource, asked, now, answer)
    if (manner.unconditional !== true && (manner.status ?? 200) === 200 && isNotModified(asked, fields)) {
      const { contentType: _, ...rest } = fields
      const { etag: __, lastModified: ___, ...brief } = rest
      return { status: 304, fields: manner.briefly ? brief : rest, body: '' }
    }
    const body = this.#body(resource, asked)
    const { status = 200, breaksOff = false } = manner
    const range = /^bytes=(\d+)-(\d+)$/.exec(asked.fields.range ?? '')
    if (manner.ranges && status === 200 && range !== null && asked.method === 'GET') {
      const [first, last] = [Number(range[1]), Math.min(Number(range[2]), body.length - 1)]
      if (first <= last && !('if-range' in asked.fields)) {
        const contentRange = `bytes ${first}-${last}/${body.length}`
        return { status: 206, fields: { ...fields, contentRange }, body: body.slice(first, last + 1) }
      }
    }
    return { status, fields, body: status === 204 ? '' : body, breaksOff }
  }

  #resource(target: string): Resource {
    let resource = this.#resources.get(target)
    if (resource === undefined) {
      resource = { version: 1, changedAt: this.#start - BEFORE_MS, manner: {} }
      this.#resources.set(target, resource)
    }
    return resource
  }

  #variant({ manner: { vary = [] } }: Resource, { fields }: Asked): string {
    return vary.map((name) => fields[name.toLowerCase()]?.toLowerCase() ?? '-').join(' ')
  }

  /** Long enough for ranges that are not sent as one. */
  #body(resource: Resource, asked: Asked): string {
    const text = `${asked.target} version ${resource.version} ${this.#variant(resource, asked)}|`
    return text.repeat(Math.ceil(300 / text.length))
  }

  #fields(resource: Resource, asked: Asked, now: number, answer: number): Fields {
    const { version, changedAt, manner } = resource
    const {
      cacheControl,
      cdnCacheControl,
      expiresIn,
      age,
      clockOff = 0,
      tag,
      dated,
      vary,
      setCookie,
    } = manner
    const date = clockOff === 'no-date' ? undefined : wholeSeconds(now) + clockOff * 1_000
    const opaque = `"${version}${this.#variant(resource, asked).replaceAll(/[^a-z]/g, '-')}"`
    return {
      ...(cacheControl !== undefined && { cacheControl }),
      ...(cdnCacheControl !== undefined && { cdnCacheControl }),
      ...(expiresIn !== undefined && { expires: wholeSeconds(now) + expiresIn * 1_000 }),
      ...(date !== undefined && { date }),
      ...(age !== undefined && { age }),
      ...(tag !== undefined && { etag: tag === 'weak' ? `W/${opaque}` : opaque }),
      ...(dated !== undefined && { lastModified: wholeSeconds(changedAt) }),
      ...(vary !== undefined && { vary }),
      ...(setCookie !== undefined && { setCookie }),
      ...(manner.contentType !== undefined && { contentType: manner.contentType }),
      answer,
    }
  }
}

const wholeSeconds = (ms: number) => Math.floor(ms / 1_000) * 1_000

function isNotModified({ fields }: Asked, { etag, lastModified }: Fields): boolean {
  const none = fields['if-none-match']
  if (none !== undefined) {
    const opaque = etag?.replace('W/', '')
    return none === '*' || none.split(', ').some((tag) => tag.replace('W/', '') === opaque)
  }
  const since = fields['if-modified-since']
  return since !== undefined && lastModified !== undefined && lastModified <= Date.parse(since)
}
