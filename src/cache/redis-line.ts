import type { SendBytesCommand } from '../core/redis-client.ts'
import { type RedisScript, runScript } from '../core/redis-script.ts'

/** Pieces of contents that may be on their way at once, to Redis or from it. */
const MAX_PIECES = 32

/**
 * How a store sends commands until it is closed: what is under way then fails at once, whether or not the client ever settles
 * it. Commands with pieces of contents wait for their turn.
 */
export class RedisLine {
  readonly #send: SendBytesCommand
  readonly #underWay = new Set<(error: Error) => void>()
  readonly #waiting: (() => void)[] = []
  #pieces = 0
  #closed = false

  constructor(send: SendBytesCommand) {
    this.#send = send
  }

  get closed(): boolean {
    return this.#closed
  }

  send(key: string, args: (string | Buffer)[]): Promise<unknown> {
    return this.untilClosed(() => this.#send(key, args))
  }

  run(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly (string | Buffer)[],
  ): Promise<unknown> {
    return runScript((key, command) => this.send(key, command), script, keys, args)
  }

  /** Makes a call with a piece of a content, in its turn. A turn ends when the client has settled the call, however late. */
  async withPiece<T>(call: () => Promise<T>): Promise<T> {
    if (this.#pieces >= MAX_PIECES)
      await this.untilClosed(() => new Promise<void>((resolve) => this.#waiting.push(resolve)))
    else this.#pieces++
    const made = began(call)
    const end = () => {
      const next = this.#waiting.shift()
      if (next === undefined) this.#pieces--
      else next()
    }
    void made.then(end, end)
    return made
  }

  /** What a call gives, or that the store was closed meanwhile. */
  untilClosed<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed())
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject)
      const settled = () => this.#underWay.delete(reject)
      began(call).then(
        (value) => {
          settled()
          resolve(value)
        },
        (error: unknown) => {
          settled()
          reject(error)
        },
      )
    })
  }

  close(): void {
    this.#closed = true
    for (const reject of this.#underWay) reject(closed())
    this.#underWay.clear()
    this.#waiting.length = 0
  }
}

/** A client that is closed may throw at once. */
async function began<T>(call: () => Promise<T>): Promise<T> {
  return call()
}

function closed(): Error {
  return new Error('the store is closed')
}
