import type { WireHandler } from '../../src/core/network.ts'
import { webSocketAccept } from '../../src/testing/websocket/websocket-key.ts'
import type { CutWire } from './cut-wire.ts'
import { End } from './far-end.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** Over HTTP/1.1. */
abstract class Http1End extends End implements WireHandler {
  protected readonly wire: CutWire
  #head = ''
  #headBytes = 0

  constructor(wire: CutWire, frames: readonly Buffer[]) {
    super(frames)
    this.wire = wire
    wire.handler = this
  }

  get said(): number {
    return Math.max(0, this.wire.passed - this.#headBytes)
  }

  protected sendHead(head: string): void {
    this.#headBytes += head.length
    this.wire.write(head)
    this.#noteEnd()
  }

  protected say(frame: Buffer): void {
    this.wire.write(frame)
    this.#noteEnd()
  }

  protected end(): void {
    this.wire.end()
    this.#noteEnd()
  }

  protected fail(): void {
    throw new Error('HTTP/1.1 has no streams')
  }

  protected abstract gotHead(head: string): void

  onData(chunk: Buffer): undefined {
    if (this.open) {
      this.hear(chunk)
      return
    }
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1')
    this.gotHead(this.#head.slice(0, end))
    this.hear(rest)
  }

  onEnd(): void {
    this.over ??= 'ended'
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    const itself = this.wire.cut && this.wire.how === 'reset'
    this.over ??= error === undefined && !itself ? 'ended' : 'reset'
  }

  #noteEnd(): void {
    if (this.wire.cut && this.wire.how === 'end') this.saidEnd = true
  }
}

export class Http1Client extends Http1End {
  constructor(wire: CutWire, frames: readonly Buffer[], path: string) {
    super(wire, frames)
    this.path = path
    this.ready = true
  }

  protected handshake(): void {
    this.sendHead(
      `GET ${this.path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
    )
  }

  protected gotHead(head: string): void {
    this.status = Number(head.split(' ')[1])
    this.open = this.status === 101
  }
}

export class Http1Service extends Http1End {
  #key = ''

  protected handshake(): void {
    this.sendHead(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${webSocketAccept(this.#key)}\r\n\r\n`,
    )
    this.open = true
  }

  protected gotHead(head: string): void {
    this.path = head.split(' ')[1]!
    this.#key = /^sec-websocket-key: (.*)$/im.exec(head)![1]!
    this.ready = true
  }
}
