import { SMALL_BYTES, type Wire } from '../../core/network.ts'
import type { PerMessageDeflate, WsParts } from './ws-parts.ts'

const Opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Compressing what is smaller costs more than it saves. */
const WORTH_COMPRESSING = 1_024

/** Writes frames to one side, each message in one frame. */
export class MessageWriter {
  readonly #ws: WsParts
  readonly #wire: Wire
  readonly #masks: boolean
  readonly #deflate: PerMessageDeflate | undefined
  #bytes = 0
  /** Messages that are being compressed, or stand behind one that is. */
  #waiting = 0
  #last: Promise<void> = Promise.resolve()
  #room: PromiseWithResolvers<void> | undefined
  #closed = false

  /** `masks`: the other side is a server, to which frames are masked. */
  constructor(
    ws: WsParts,
    wire: Wire,
    { masks, deflate }: { masks: boolean; deflate: PerMessageDeflate | undefined },
  ) {
    this.#ws = ws
    this.#wire = wire
    this.#masks = masks
    this.#deflate = deflate
  }

  /** Bytes of frames that were written. */
  get bytes(): number {
    return this.#bytes
  }

  /** Sends a message. A promise: wait for it before the next. Messages stay in their order. */
  message(data: Buffer, kind: 'text' | 'binary'): Promise<void> | undefined {
    if (this.#closed) return undefined
    const deflate = data.length < WORTH_COMPRESSING ? undefined : this.#deflate
    if (deflate === undefined && this.#waiting === 0) {
      this.#frame(Opcode[kind], data, false)
      return this.#room?.promise
    }
    this.#waiting++
    const sent = this.#last.then(() => this.#compressed(data, kind, deflate))
    this.#last = sent
    return sent
  }

  /** Sends a ping or a pong. It overtakes messages that are being compressed. */
  control(kind: 'ping' | 'pong', data: Buffer): Promise<void> | undefined {
    if (this.#closed) return undefined
    this.#frame(Opcode[kind], data, false)
    return this.#room?.promise
  }

  /** Sends a close frame at once. Nothing is written behind it. `payload`: code and reason, as they stand in it. */
  close(payload: Buffer): void {
    if (this.#closed) return
    this.#frame(Opcode.close, payload, false)
    this.stop()
  }

  /** Ends when the messages that were given have been written; `undefined` if they have. */
  get settled(): Promise<void> | undefined {
    return this.#waiting === 0 ? undefined : this.#last
  }

  /** What was written has left. */
  drained(): void {
    const room = this.#room
    this.#room = undefined
    room?.resolve()
  }

  /** Writes nothing more. */
  stop(): void {
    if (this.#closed) return
    this.#closed = true
    this.drained()
    this.#release()
  }

  async #compressed(
    data: Buffer,
    kind: 'text' | 'binary',
    deflate: PerMessageDeflate | undefined,
  ): Promise<void> {
    const compressed = this.#closed || deflate === undefined ? undefined : await compress(deflate, data)
    if (!this.#closed) this.#frame(Opcode[kind], compressed ?? data, compressed !== undefined)
    this.#waiting--
    if (this.#closed) this.#release()
    await this.#room?.promise
  }

  #frame(opcode: number, data: Buffer, rsv1: boolean): void {
    const parts = this.#ws.Sender.frame(data, {
      fin: true,
      opcode,
      mask: this.#masks,
      // Whoever was shown the message may keep it.
      readOnly: true,
      rsv1,
    })
    const [first, second] = parts
    if (second === undefined || second.length <= SMALL_BYTES) {
      this.#write(second === undefined ? first! : Buffer.concat(parts))
      return
    }
    this.#wire.cork()
    this.#write(first!)
    this.#write(second)
    this.#wire.uncork()
  }

  #write(bytes: Buffer): void {
    this.#bytes += bytes.length
    if (!this.#wire.write(bytes)) this.#room ??= Promise.withResolvers()
  }

  #release(): void {
    // What compresses just now still needs it.
    if (this.#waiting === 0) this.#deflate?.cleanup()
  }
}

/** `undefined`: it could not be done, and the message goes as it is. */
function compress(deflate: PerMessageDeflate, data: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) =>
    deflate.compress(data, true, (error, compressed) => resolve(error === null ? compressed : undefined)),
  )
}
