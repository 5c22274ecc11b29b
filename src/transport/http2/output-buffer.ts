/** What a buffer has room for when it is made. Frames of usual messages fit many times. */
const CAPACITY = 16_384
/** A buffer that has grown past this is not kept for others. */
const MAX_KEPT = 131_072
/** Buffers that are kept: at most 2 MiB. As many connections as write within one event hold one at a time. */
const MAX_FREE = 16

const free: OutputBuffer[] = []

/** Bytes on their way out, written one behind the other. Whoever writes reserves the room first. */
export class OutputBuffer {
  bytes: Buffer
  length = 0

  constructor(capacity: number = CAPACITY) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** An empty buffer: one that was used before, where there is one. Connections that do not write hold none. */
  static take(): OutputBuffer {
    return free.pop() ?? new OutputBuffer()
  }

  /** Ends the use of a buffer, of whose memory nobody holds a part. */
  giveBack(): void {
    this.length = 0
    if (free.length < MAX_FREE && this.bytes.length <= MAX_KEPT) free.push(this)
  }

  /** Makes room for so many bytes behind what is there. */
  reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}
