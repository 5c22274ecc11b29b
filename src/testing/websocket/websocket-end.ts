import {
  Opcode,
  type ReadFrame,
  type WebSocketFrame,
  WebSocketFrameReader,
  webSocketFrame,
} from './websocket-frames.ts'

/** A message: text as a string, all else as bytes. */
export type WebSocketMessage = string | Buffer

/** How a WebSocket ended. */
export interface WebSocketClose {
  /** What the other side has said; 1005 when it gave no code, 1006 when it ended without a word (RFC 6455 section 7.1.5). */
  readonly code: number
  readonly reason: string
}

interface WebSocketEndOptions {
  /** A client masks what it sends, and takes only what is not masked; a server the other way round. */
  readonly side: 'client' | 'server'
  readonly write: (bytes: Buffer) => void
  /** Ends its side of the connection. */
  readonly end: () => void
  readonly onMessage: (message: WebSocketMessage) => void
  /** Called once. */
  readonly onClose: (close: WebSocketClose) => void
}

/** @internal One end of a WebSocket: puts messages together, answers pings, and closes as RFC 6455 wants it. */
export class WebSocketEnd {
  readonly #options: WebSocketEndOptions
  readonly #reader = new WebSocketFrameReader()
  /** The message of which frames have come. */
  #message: { readonly text: boolean; readonly parts: Buffer[] } | undefined
  #closeSent = false
  #over = false

  constructor(options: WebSocketEndOptions) {
    this.#options = options
  }

  send(message: string | Uint8Array): void {
    this.frame({ opcode: typeof message === 'string' ? Opcode.TEXT : Opcode.BINARY, payload: message })
  }

  frame(frame: WebSocketFrame): void {
    if (this.#over || this.#closeSent) return
    this.#options.write(webSocketFrame({ masked: this.#options.side === 'client', ...frame }))
  }

  /** Says that it will send no more. The connection ends when the other side has said so too. */
  close(code: number | undefined, reason: string): void {
    const payload = Buffer.alloc(code === undefined ? 0 : 2)
    if (code !== undefined) payload.writeUInt16BE(code)
    this.frame({ opcode: Opcode.CLOSE, payload: Buffer.concat([payload, Buffer.from(reason)]) })
    this.#closeSent = true
  }

  /** Bytes came. */
  read(bytes: Buffer): void {
    this.#reader.push(bytes)
    for (let frame = this.#reader.next(); frame !== undefined && !this.#over; frame = this.#reader.next()) {
      const wrong = this.#read(frame)
      if (wrong !== undefined) this.#fail(wrong)
    }
  }

  /** No more bytes will come. */
  ended(): void {
    this.#finish({ code: 1006, reason: '' })
  }

  /** What is wrong with the frame; `undefined`: nothing. */
  #read({ opcode, fin, rsv, masked, payload }: ReadFrame): string | undefined {
    if (masked !== (this.#options.side === 'server'))
      return masked ? 'a frame that is masked' : 'a frame without a mask'
    if (rsv !== 0) return 'a reserved bit'
    if (opcode >= Opcode.CLOSE && (!fin || payload.length > 125)) return 'a control frame that is none'
    switch (opcode) {
      case Opcode.TEXT:
      case Opcode.BINARY:
        if (this.#message !== undefined) return 'a message in the midst of another'
        this.#message = { text: opcode === Opcode.TEXT, parts: [payload] }
        if (fin) this.#whole()
        return undefined
      case Opcode.CONTINUATION:
        if (this.#message === undefined) return 'a continuation of nothing'
        this.#message.parts.push(payload)
        if (fin) this.#whole()
        return undefined
      case Opcode.PING:
        this.frame({ opcode: Opcode.PONG, payload })
        return undefined
      case Opcode.PONG:
        return undefined
      case Opcode.CLOSE:
        this.#closed(payload)
        return undefined
      default:
        return 'a frame that nobody knows'
    }
  }

  #whole(): void {
    const { text, parts } = this.#message!
    this.#message = undefined
    const bytes = Buffer.concat(parts)
    this.#options.onMessage(text ? bytes.toString('utf8') : bytes)
  }

  #closed(payload: Buffer): void {
    const code = payload.length < 2 ? undefined : payload.readUInt16BE(0)
    if (!this.#closeSent) this.close(code, '')
    // The server ends the connection first (section 7.1.1).
    if (this.#options.side === 'server') this.#options.end()
    this.#finish({ code: code ?? 1005, reason: payload.toString('utf8', 2) })
  }

  #fail(wrong: string): void {
    this.close(1002, wrong)
    this.#options.end()
    this.#finish({ code: 1006, reason: wrong })
  }

  #finish(close: WebSocketClose): void {
    if (this.#over) return
    this.#over = true
    this.#options.onClose(close)
  }
}
