import { firstValue, type SimpleMessage, SimpleReader } from '../../src/testing/network/simple-http1.ts'
import type { End, Line } from './test-network.ts'

/** A response as it stood on the wire, with the interim ones before it. */
export interface WireResponse extends SimpleMessage {
  readonly status: number
  readonly interim: readonly SimpleMessage[]
  readonly header: (name: string) => string | undefined
}

export interface WireRequest extends SimpleMessage {
  readonly method: string
  readonly target: string
  readonly header: (name: string) => string | undefined
}

/** One end of a connection, byte by byte. What it reads stays until it is asked for. */
export class Peer {
  readonly #line: Line
  /** The other side sends no more: an orderly end, or a reset. */
  readonly over: Promise<End>
  #parts: Buffer[] = []
  #size = 0
  #end: End | undefined
  #wake: (() => void)[] = []

  constructor(line: Line) {
    this.#line = line
    this.over = new Promise((resolve) => {
      line.open({
        data: (chunk) => {
          this.#parts.push(chunk)
          this.#size += chunk.length
          this.#changed()
        },
        end: (how) => {
          this.#end ??= how
          resolve(this.#end)
          this.#changed()
        },
      })
    })
  }

  /** What came and nobody has asked for, as latin1. */
  get unread(): string {
    return this.#joined().toString('latin1')
  }

  get unreadBytes(): number {
    return this.#size
  }

  /** Sends; a string as latin1. Resolves when all of it was taken, or the connection is over. */
  send(bytes: string | Uint8Array): Promise<void> {
    return this.#line.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Everything up to and with this text. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#joined().indexOf(text, 0, 'latin1')
      if (at >= 0) return this.#take(at + text.length).toString('latin1')
      await this.#more(JSON.stringify(text))
    }
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#size < count) await this.#more(`${count} bytes`)
    return this.#take(count)
  }

  /** All bytes until the other side is done. */
  async rest(): Promise<string> {
    await this.over
    return this.#take(this.#size).toString('latin1')
  }

  async response({ to = 'GET' }: { to?: string } = {}): Promise<WireResponse> {
    const interim: SimpleMessage[] = []
    for (;;) {
      const message = await this.#message('response', to !== 'HEAD')
      const status = Number(message.startLine.split(' ')[1])
      if (status < 200 && status !== 101) interim.push(message)
      else return { ...message, status, interim, header: headerOf(message) }
    }
  }

  async request(): Promise<WireRequest> {
    const message = await this.#message('request', true)
    const [method = '', target = ''] = message.startLine.split(' ')
    return { ...message, method, target, header: headerOf(message) }
  }

  end(): void {
    this.#line.end()
  }

  reset(): void {
    this.#line.reset()
  }

  /** Closes, with an orderly end unless there are bytes that were not read. */
  close(): void {
    this.#line.close()
  }

  pause(): void {
    this.#line.pause()
  }

  resume(): void {
    this.#line.resume()
  }

  async #message(kind: 'request' | 'response', bodyFollows: boolean): Promise<SimpleMessage> {
    let found: SimpleMessage | undefined
    const reader = new SimpleReader({
      kind,
      onHead: () => bodyFollows,
      onMessage: (message) => {
        found = message
        return false
      },
    })
    for (;;) {
      if (this.#size > 0) reader.push(this.#take(this.#size))
      else if (this.#end === undefined) await this.#change()
      else {
        reader.end()
        if (found === undefined)
          throw new Error(`no ${kind}: ${this.#end}, with ${JSON.stringify(reader.rest.toString('latin1'))}`)
      }
      if (found !== undefined) {
        this.#parts.unshift(reader.rest)
        this.#size += reader.rest.length
        return found
      }
    }
  }

  #joined(): Buffer {
    if (this.#parts.length !== 1) this.#parts = [Buffer.concat(this.#parts, this.#size)]
    return this.#parts[0]!
  }

  #take(count: number): Buffer {
    const all = this.#joined()
    this.#parts = [all.subarray(count)]
    this.#size -= count
    return all.subarray(0, count)
  }

  async #more(wanted: string): Promise<void> {
    if (this.#end !== undefined)
      throw new Error(`no ${wanted}: ${this.#end}, with ${JSON.stringify(this.unread)}`)
    await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

function headerOf(message: SimpleMessage): (name: string) => string | undefined {
  return (name) => firstValue(message.headers, name.toLowerCase())
}
