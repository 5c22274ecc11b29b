import type { FrameSink } from '../../src/transport/http2/frame-writer.ts'

/** A wire that is only written to: it sends at once, or, as a socket of TLS or a full one does, keeps the memory until later. */
export class RecordingWire implements FrameSink {
  /** What has left: one element for each write, or for all writes that were corked together. */
  readonly sent: Buffer[] = []
  /** Memory that was written and has not left. */
  readonly kept: Uint8Array[] = []
  #keeps: boolean
  #corked = 0

  constructor({ keeps = false }: { keeps?: boolean } = {}) {
    this.#keeps = keeps
  }

  get bytes(): Buffer {
    return Buffer.concat(this.sent)
  }

  get pendingBytes(): number {
    return this.kept.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  write(data: Uint8Array | string): boolean {
    if (typeof data === 'string') throw new Error('frames are bytes')
    this.kept.push(data)
    if (!this.#keeps && this.#corked === 0) this.send()
    return this.pendingBytes < 16_384
  }

  cork(): void {
    this.#corked++
  }

  uncork(): void {
    this.#corked--
    if (!this.#keeps && this.#corked === 0) this.send()
  }

  set keeps(keeps: boolean) {
    this.#keeps = keeps
  }

  /** What was kept leaves, as it is by now. */
  send(): void {
    if (this.kept.length > 0) this.sent.push(Buffer.concat(this.kept))
    this.kept.length = 0
  }
}
