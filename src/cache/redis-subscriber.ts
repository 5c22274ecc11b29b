import { invalidOption } from '../core/options.ts'

/**
 * A client of its own that listens to what is published: `client.duplicate()` of `redis`, `ioredis` or `iovalkey`. In a cluster,
 * a client of any one of its nodes. It is connected, watched and closed by whoever has made it.
 */
export type RedisSubscriber =
  | ({
      call: unknown
      subscribe(channel: string): Promise<unknown>
      unsubscribe(channel: string): Promise<unknown>
    } & Emitter)
  | ({
      subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
      unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
    } & Emitter)

interface Emitter {
  on(event: string, listener: (...args: string[]) => void): unknown
  off(event: string, listener: (...args: string[]) => void): unknown
}

/** Said when a client has a connection again; `node-ready` by a cluster of node-redis. */
const READY = ['ready', 'node-ready']

/** One channel that is listened to. */
export class RedisSubscription {
  readonly #subscriber: RedisSubscriber
  readonly #channel: string
  readonly #onMessage: () => void
  readonly #onReady: () => void
  readonly #onAnyMessage: (channel: string) => void

  /** `onReady` is called whenever messages may have been lost: `subscribe` then makes sure that no more are. */
  constructor(subscriber: RedisSubscriber, channel: string, onMessage: () => void, onReady: () => void) {
    this.#subscriber = subscriber
    this.#channel = channel
    this.#onMessage = onMessage
    this.#onReady = onReady
    this.#onAnyMessage = (to) => {
      if (to === channel) onMessage()
    }
    if ('call' in subscriber) subscriber.on('message', this.#onAnyMessage)
    for (const event of READY) subscriber.on(event, onReady)
  }

  /** Resolves when every message from now on comes. A client that is subscribed already is asked once more for nothing. */
  async subscribe(): Promise<void> {
    if ('call' in this.#subscriber) await this.#subscriber.subscribe(this.#channel)
    else await this.#subscriber.subscribe(this.#channel, this.#onMessage)
  }

  close(): void {
    for (const event of READY) this.#subscriber.off(event, this.#onReady)
    // Nobody hears of what still comes, whether or not this is done: the client may be closed already.
    this.#unsubscribe().catch(() => {})
  }

  async #unsubscribe(): Promise<void> {
    if ('call' in this.#subscriber) {
      this.#subscriber.off('message', this.#onAnyMessage)
      await this.#subscriber.unsubscribe(this.#channel)
    } else await this.#subscriber.unsubscribe(this.#channel, this.#onMessage)
  }
}

/** @throws `ERR_OPTION_INVALID` */
export function checkSubscriber(owner: string, subscriber: unknown): void {
  const it = subscriber as Partial<Record<string, unknown>> | null
  if (typeof it === 'object' && it !== null) {
    const methods = ['on', 'off', 'subscribe', 'unsubscribe']
    if (methods.every((method) => typeof it[method] === 'function')) return
  }
  throw invalidOption(
    owner,
    'subscriber',
    'a client of redis, ioredis or iovalkey: something with subscribe and unsubscribe, on and off',
    subscriber,
  )
}
