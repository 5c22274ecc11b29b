import { HeaderList, ProxyError, ResponseMessage } from 'gatewright'
import { exchange, seededRandom } from 'gatewright/testing'
import { type Cache, cache } from '../../../src/cache/cache.ts'
import type { CacheStore } from '../../../src/cache/cache-store.ts'
import { Body } from '../../../src/core/body.ts'
import { toProxyError } from '../../../src/core/errors.ts'
import type { Exchange } from '../../../src/core/exchange.ts'
import { SteppedClock } from '../../../src/testing/virtual-clock.ts'
import { WatchedStore } from './kept-store.ts'
import { type Answer, ASKED_FIELDS, type Asked, fieldsText, type Request, requestText } from './messages.ts'
import type { Service } from './service.ts'

/** The real cache, with the service in place of the handler behind it. */
export class RealCache {
  readonly clock: SteppedClock
  readonly #service: Service
  readonly #stores: (() => CacheStore) | undefined
  #store: WatchedStore | undefined
  #cache: Cache
  readonly #random = seededRandom(1)

  /** `stores` makes the second level, for each start anew. */
  constructor(start: number, service: Service, stores?: () => CacheStore) {
    this.clock = new SteppedClock(start)
    this.#service = service
    this.#stores = stores
    this.#cache = this.#started()
  }

  #started(): Cache {
    this.#store = this.#stores && new WatchedStore(this.#stores())
    // The model knows whole responses only.
    return cache({ parts: false, ...(this.#store && { store: this.#store }) })
  }

  async restart(): Promise<void> {
    await this.#cache.close()
    this.#cache = this.#started()
  }

  close(): Promise<void> {
    return this.#cache.close()
  }

  async wait(ms: number): Promise<void> {
    await this.clock.advance(ms)
  }

  async handle(request: Request): Promise<Answer> {
    const { method, target } = request
    const { clock } = this
    const at = exchange({ method, url: target, headers: requestText(request), clock, random: this.#random })
    let answer: Answer
    try {
      const response = await this.#cache(at, (asked) => this.#serve(asked))
      // The listener sends no body to HEAD.
      if (method === 'HEAD') response.body.discard()
      const body = method === 'HEAD' ? '' : await response.body.text().catch(() => 'broken off')
      answer = { status: response.status, body, fields: textOf(response.headers) }
    } catch (thrown) {
      answer = { status: toProxyError(thrown).status, body: '', fields: {} }
    }
    at.finish()
    // What goes on behind the answer.
    do await clock.settle()
    while (this.#store?.isIdle === false)
    await clock.settle()
    return answer
  }

  #serve({ request: { method, target, headers } }: Exchange): ResponseMessage {
    const fields: Record<string, string> = {}
    for (const name of ASKED_FIELDS) {
      const value = headers.get(name)
      if (value !== undefined) fields[name] = value
    }
    const { clock } = this
    const asked: Asked = { method, target, fields }
    clock.jump(clock.now() + this.#service.delayMs(target))
    const reply = this.#service.answer(asked, clock.wallTime())
    if (reply === undefined) throw new ProxyError('upstream_unreachable')
    const body = method === 'HEAD' ? '' : reply.body
    return new ResponseMessage(
      reply.status,
      HeaderList.from(fieldsText(reply.fields)),
      Body.from(reply.breaksOff ? brokenOff(body) : body),
    )
  }
}

async function* brokenOff(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text.slice(0, text.length / 2))
  throw new ProxyError('upstream_reset')
}

function textOf(headers: HeaderList): Record<string, string> {
  const text: Record<string, string> = {}
  for (const [name, value] of headers)
    text[name.toLowerCase()] =
      text[name.toLowerCase()] === undefined ? value : `${text[name.toLowerCase()]}, ${value}`
  return text
}
