import type { Body } from '../../core/body.ts'
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { pause } from '../pause.ts'
import { type ApiServer, StatusError } from './api-server.ts'
import { type EndpointSlice, endpointSlice } from './endpoint-slice.ts'
import { fieldOf, listOf, textOf } from './json-field.ts'
import { linesOf } from './lines.ts'

/** The API server ends a watch after so long, or up to a quarter less: all proxies should not begin theirs at once. */
const WATCH_MS = 240_000
/** A watch that has not ended so long after its time is on a connection that leads nowhere any more. */
const GRACE_MS = 15_000
/** How long a page of a list may take. */
const LIST_MS = 30_000
/** Neither is begun more often, whatever is the matter. */
const PACE_MS = 1_000

const PAGE = 500
const PAGE_BYTES = 67_108_864
const MAX_SLICES = 2_000
/** In all of them. A pool takes 10 000; a pod may be in several slices, for each kind of its addresses. */
const MAX_ENDPOINTS = 50_000
/** Also those that are empty. */
const MAX_PAGES = 100
const GONE = 410

/** What the API server knows no more: the slices must be listed anew. */
export class ExpiredError extends Error {
  constructor() {
    super('the API server does not know any more what was listed')
    this.name = 'ExpiredError'
  }
}

export interface SliceNews {
  readonly slices: readonly EndpointSlice[]
  /** Whether a watch has brought it. */
  readonly watched: boolean
}

/** What was listed, as the watch has changed it since. */
interface Known {
  readonly slices: Map<string, EndpointSlice>
  version: string
}

/** The slices of a service: listed once, and watched from there. */
export class SliceWatch {
  readonly #server: ApiServer
  readonly #signal: AbortSignal
  readonly #clock: Clock
  readonly #random: Random
  /** `undefined`: they have to be listed. */
  #known: Known | undefined
  #listedAt = Number.NEGATIVE_INFINITY
  #watchedAt = Number.NEGATIVE_INFINITY

  constructor(server: ApiServer, signal: AbortSignal, clock: Clock, random: Random) {
    this.#server = server
    this.#signal = signal
    this.#clock = clock
    this.#random = random
  }

  /** One list, where one is needed, and one watch, to its end. After what it throws, the next one begins with a list. */
  async *next(): AsyncGenerator<SliceNews> {
    let known = this.#known
    this.#known = undefined
    if (known === undefined) {
      await this.#pace(this.#listedAt)
      this.#listedAt = this.#clock.now()
      known = await this.#list()
      yield { slices: [...known.slices.values()], watched: false }
    }
    await this.#pace(this.#watchedAt)
    this.#watchedAt = this.#clock.now()
    yield* this.#watch(known)
    this.#known = known
  }

  rest(ms: number): Promise<void> {
    return pause(ms, this.#signal, this.#clock)
  }

  async #pace(since: number): Promise<void> {
    const waitMs = since + PACE_MS * (1 + 0.2 * this.#random()) - this.#clock.now()
    if (waitMs > 0) await this.rest(waitMs)
  }

  async #list(): Promise<Known> {
    const slices = new Map<string, EndpointSlice>()
    let version = ''
    let next = ''
    let pages = 0
    do {
      if (++pages > MAX_PAGES) throw new Error(`the API server has more than ${MAX_PAGES} pages to list`)
      const query = next === '' ? { limit: `${PAGE}` } : { limit: `${PAGE}`, continue: next }
      const page = await readJson(await this.#ask(query, LIST_MS))
      for (const item of listOf(fieldOf(page, 'items'), 'items')) keep(slices, endpointSlice(item))
      version = versionOf(page)
      next = textOf(fieldOf(fieldOf(page, 'metadata'), 'continue')) ?? ''
    } while (next !== '')
    return { slices, version }
  }

  async *#watch(known: Known): AsyncGenerator<SliceNews> {
    const lastsMs = WATCH_MS * (1 - 0.25 * this.#random())
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: known.version,
      timeoutSeconds: `${Math.round(lastsMs / 1_000)}`,
    }
    const body = await this.#ask(query, lastsMs + GRACE_MS)
    try {
      for await (const lines of linesOf(body)) {
        for (const line of lines) apply(known, parsed(line))
        yield { slices: [...known.slices.values()], watched: true }
      }
    } catch (error) {
      // It has broken off, and can be gone on with like one that has ended: if the server is there.
      if (this.#signal.aborted || !isBroken(error)) throw error
    }
    yield { slices: [...known.slices.values()], watched: true }
  }

  async #ask(query: Readonly<Record<string, string>>, limitMs: number): Promise<Body> {
    try {
      return await this.#server.slices(query, limitMs)
    } catch (error) {
      if (error instanceof StatusError && error.status === GONE) throw new ExpiredError()
      throw error
    }
  }
}

const BROKEN: ReadonlySet<string> = new Set([
  'upstream_response_incomplete',
  'upstream_body_timeout',
  'upstream_reset',
])

function isBroken(error: unknown): boolean {
  return error instanceof ProxyError && BROKEN.has(error.code)
}

/** One event of a watch. @throws for what makes no sense */
function apply(known: Known, event: unknown): void {
  const type = textOf(fieldOf(event, 'type'))
  const object = fieldOf(event, 'object')
  if (type === 'ERROR') {
    if (fieldOf(object, 'code') === GONE) throw new ExpiredError()
    const code = fieldOf(object, 'code')
    throw new StatusError(typeof code === 'number' ? code : 500, 'the watch has failed')
  }
  const version = versionOf(object)
  if (type === 'ADDED' || type === 'MODIFIED') keep(known.slices, endpointSlice(object))
  else if (type === 'DELETED') known.slices.delete(endpointSlice(object).name)
  else if (type !== 'BOOKMARK') throw new Error('the API server has sent an event of an unknown type')
  known.version = version
}

function keep(slices: Map<string, EndpointSlice>, slice: EndpointSlice): void {
  slices.set(slice.name, slice)
  if (slices.size > MAX_SLICES) throw new Error(`the Service has more than ${MAX_SLICES} EndpointSlices`)
  let endpoints = 0
  for (const one of slices.values()) endpoints += one.endpoints.length + one.ports.length
  if (endpoints > MAX_ENDPOINTS)
    throw new Error(`the EndpointSlices of the Service have more than ${MAX_ENDPOINTS} endpoints and ports`)
}

function versionOf(object: unknown): string {
  const version = textOf(fieldOf(fieldOf(object, 'metadata'), 'resourceVersion'))
  if (version === undefined || version === '')
    throw new Error('the API server has left out a resourceVersion')
  return version
}

async function readJson(body: Body): Promise<unknown> {
  return parsed((await body.buffer({ maxBytes: PAGE_BYTES })).toString('utf8'))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the API server has sent what is no JSON')
  }
}
