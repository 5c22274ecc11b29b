import type { Duplex } from 'node:stream'
import type { MemoryUse } from '../../src/core/network.ts'
import type { Http2Fault } from '../../src/transport/http2/error-codes.ts'
import type { FieldBlock } from '../../src/transport/http2/field-block.ts'
import type { FrameHandler } from '../../src/transport/http2/frame-handler.ts'
import { FrameReader } from '../../src/transport/http2/frame-reader.ts'
import { FrameWriter } from '../../src/transport/http2/frame-writer.ts'
import { HpackDecoder } from '../../src/transport/http2/hpack-decoder.ts'
import { HpackEncoder } from '../../src/transport/http2/hpack-encoder.ts'
import { SettingId } from '../../src/transport/http2/settings.ts'
import { type Field, fieldsOf } from './field-lists.ts'

/** What came on one stream. */
export interface ReceivedMessage {
  readonly streamId: number
  /** Header sections and a trailer section, in their order. */
  readonly sections: readonly (readonly Field[])[]
  readonly blocks: readonly FieldBlock[]
  readonly body: Buffer
}

/**
 * One end of a connection over a stream of Node, with just enough of a session for another implementation to talk to: it
 * answers SETTINGS and PING, gives back every window at once, and trusts the other end to leave it enough.
 */
export class PlainSession implements FrameHandler {
  readonly encoder = new HpackEncoder()
  readonly decoder = new HpackDecoder({ listBytes: 1_000_000, fields: 1000 })
  readonly writer: FrameWriter
  readonly #reader: FrameReader
  readonly #tableBytes: number
  readonly #open = new Map<number, { sections: Field[][]; blocks: FieldBlock[]; body: Buffer[] }>()
  readonly #ended: ReceivedMessage[] = []
  readonly #waiting: PromiseWithResolvers<ReceivedMessage>[] = []
  /** Frames that need no answer, by name. */
  readonly seen: string[] = []
  #awake: (() => void) | undefined
  fault: unknown

  constructor(stream: Duplex, side: 'server' | 'client', tableBytes: number) {
    this.#tableBytes = tableBytes
    this.writer = new FrameWriter({
      write: (data) => stream.write(typeof data === 'string' ? data : Buffer.from(data)),
      cork: () => stream.cork(),
      uncork: () => stream.uncork(),
      get pendingBytes() {
        return 0
      },
    })
    this.#reader = new FrameReader(this, side, { blockBytes: 1_000_000 })
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    if (side === 'client') this.writer.preface()
    this.writer.settings([
      [SettingId.headerTableSize, tableBytes],
      [SettingId.enablePush, 0],
      [SettingId.initialWindowSize, 1_000_000],
    ])
    this.writer.windowUpdate(0, 1_000_000)
    this.writer.flush()
  }

  /** The message that ended next. Rejects where its stream is reset. */
  message(): Promise<ReceivedMessage> {
    const message = this.#ended.shift()
    if (message !== undefined) return Promise.resolve(message)
    const waiting = Promise.withResolvers<ReceivedMessage>()
    this.#waiting.push(waiting)
    return waiting.promise
  }

  /** Waits for such a frame. */
  async sees(frame: RegExp): Promise<void> {
    while (!this.seen.some((it) => frame.test(it))) {
      await new Promise<void>((resolve) => {
        this.#awake = resolve
      })
    }
  }

  send(streamId: number, section: readonly Field[], endStream: boolean): void {
    const out = this.writer.beginHeaders()
    this.encoder.begin(out)
    for (const [name, value] of section) this.encoder.field(out, name, value)
    this.writer.endHeaders(streamId, endStream)
  }

  onHeaders(streamId: number, bytes: Buffer, endStream: boolean): void {
    const block = this.decoder.decode(bytes)
    const message = this.#streamOf(streamId)
    message.blocks.push(block)
    message.sections.push(fieldsOf(block))
    if (endStream) this.#end(streamId)
  }

  onDataStart(_: number, size: number): void {
    if (size > 0) this.writer.windowUpdate(0, size)
  }

  onDataPiece(streamId: number, chunk: Buffer): MemoryUse {
    this.#streamOf(streamId).body.push(Buffer.from(chunk))
    return true
  }

  onDataEnd(streamId: number, endStream: boolean): void {
    if (endStream) this.#end(streamId)
  }

  onSetting(id: number, value: number): void {
    if (id === SettingId.headerTableSize) this.encoder.limitTable(value)
    if (id === SettingId.maxFrameSize) this.writer.maxFrameBytes = value
  }

  onSettingsEnd(): void {
    this.writer.settingsAck()
    this.seen.push('settings')
  }

  onSettingsAck(): void {
    this.decoder.limitTable(this.#tableBytes)
    this.seen.push('settings-ack')
  }

  onPing(data: Buffer, ack: boolean): void {
    if (!ack) this.writer.ping(data, true)
    this.seen.push(`ping${ack ? '-ack' : ''} ${data.toString('latin1')}`)
  }

  onGoaway(lastStreamId: number, errorCode: number, debugData: Buffer): void {
    this.seen.push(`goaway ${lastStreamId} ${errorCode} ${debugData.toString('latin1')}`)
  }

  onRstStream(streamId: number, errorCode: number): void {
    this.#waiting.shift()?.reject(new Error(`stream ${streamId} was reset with ${errorCode}`))
  }

  onWindowUpdate(): void {}
  onPriorityUpdate(): void {}
  onIdleFrame(): void {}

  onStreamFault(fault: Http2Fault): void {
    throw fault
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.read(chunk)
    } catch (thrown) {
      this.fault = thrown
    }
    this.writer.flush()
    this.#awake?.()
  }

  #streamOf(streamId: number): { sections: Field[][]; blocks: FieldBlock[]; body: Buffer[] } {
    const known = this.#open.get(streamId)
    if (known !== undefined) return known
    const begun = { sections: [], blocks: [], body: [] }
    this.#open.set(streamId, begun)
    return begun
  }

  #end(streamId: number): void {
    const { sections, blocks, body } = this.#streamOf(streamId)
    this.#open.delete(streamId)
    const message = { streamId, sections, blocks, body: Buffer.concat(body) }
    const next = this.#waiting.shift()
    if (next === undefined) this.#ended.push(message)
    else next.resolve(message)
  }
}
