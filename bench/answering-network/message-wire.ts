import type { Surroundings } from 'gatewright'

type Wire = Parameters<Parameters<Surroundings['network']['listen']>[1]>[0]

interface Listener {
  /** A message of the proxy's has been written to its end. */
  readonly message: (head: string) => void
  /** The proxy has closed the connection. */
  readonly closed: () => void
}

/** One end of a connection of the proxy's in memory. It tells when a message was written to its end: a response, or a request. */
export class MessageWire implements Wire {
  handler: Wire['handler'] = { onData: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }
  readonly remote: Wire['remote']
  readonly local: Wire['local'] = { address: '127.0.0.1', port: 80 }
  readonly tls = undefined
  readonly pendingBytes = 0
  readonly #listener: Listener
  readonly #message = new WrittenMessage()
  #closed = false

  constructor(port: number, listener: Listener) {
    this.remote = { address: '127.0.0.1', port: 10_000 + port }
    this.#listener = listener
  }

  write(data: Uint8Array | string): boolean {
    const head = this.#message.take(data)
    if (head !== undefined) queueMicrotask(() => this.#listener.message(head))
    return true
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}

  end(): void {
    queueMicrotask(() => this.handler.onEnd())
    this.destroy()
  }

  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listener.closed()
    queueMicrotask(() => this.handler.onClose(undefined))
  }

  reset(): void {
    this.destroy()
  }
}

const HEAD_END = '\r\n\r\n'

/** Finds the end of a message that is written in pieces. A head is written in one piece, as the engine does. */
class WrittenMessage {
  #head = ''
  /** Bytes of the body that are still to come; of one in chunks, `undefined` until the last has come. */
  #left: number | undefined = 0
  #pending = ''

  /** The head of the message that ends with these bytes, if one does. */
  take(data: Uint8Array | string): string | undefined {
    const { length } = data
    if (length === 0) return undefined
    if (this.#head === '') return this.#begin(data)
    if (this.#left !== undefined) {
      this.#left -= length
      return this.#left === 0 ? this.#end() : undefined
    }
    return this.#chunked(data)
  }

  #begin(data: Uint8Array | string): string | undefined {
    const text = typeof data === 'string' ? data : latin1(data)
    const bodyAt = text.indexOf(HEAD_END) + HEAD_END.length
    if (bodyAt < HEAD_END.length) throw new Error(`a head in pieces: ${text}`)
    this.#head = text.slice(0, bodyAt)
    const framing = /\r\n(?:content-length: (\d+)|transfer-encoding: chunked)\r\n/i.exec(this.#head)
    if (framing === null) return this.#end()
    if (framing[1] === undefined) {
      this.#left = undefined
      return this.#chunked(text.slice(bodyAt))
    }
    this.#left = Number(framing[1]) - (text.length - bodyAt)
    return this.#left === 0 ? this.#end() : undefined
  }

  /** Chunks that are there are dropped; an empty one ends the body, behind its trailers. */
  #chunked(data: Uint8Array | string): string | undefined {
    this.#pending += typeof data === 'string' ? data : latin1(data)
    for (;;) {
      const sizeEnd = this.#pending.indexOf('\r\n')
      if (sizeEnd < 0) return undefined
      const size = Number.parseInt(this.#pending, 16)
      if (size === 0) return this.#pending.includes(HEAD_END, sizeEnd) ? this.#end() : undefined
      const next = sizeEnd + size + 2 * '\r\n'.length
      if (this.#pending.length < next) return undefined
      this.#pending = this.#pending.slice(next)
    }
  }

  #end(): string {
    const head = this.#head
    this.#head = ''
    this.#pending = ''
    this.#left = 0
    return head
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
