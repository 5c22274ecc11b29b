export type Version = 'HTTP/1.1' | 'HTTP/2'

/** What can be done to an end between two of its frames: over HTTP/1.1, nothing. */
export type StreamFault = 'RST_STREAM' | 'GOAWAY' | 'GOAWAY that refuses'

/**
 * One end of a WebSocket. It does one thing after the other, as `step` asks for it: the handshake as soon as that can be,
 * then each frame, then the end of its side.
 */
export interface FarEnd {
  /** The path of the request that it was asked for by; '' as long as none has come. */
  readonly path: string
  /** Of the response that came; 0: none. */
  readonly status: number
  /** What came through the tunnel. */
  readonly heard: Buffer
  /** Bytes that went out for the tunnel. */
  readonly said: number
  /** Whether it has said, in order, that no more comes. */
  readonly saidEnd: boolean
  /** How the other side of the tunnel has ended, as seen from here. */
  readonly over: 'ended' | 'reset' | undefined
  /** Does the next thing. `false`: nothing can be done now. */
  step(): boolean
  /** Fails before its n-th step; the first is 0. */
  failAt(step: number, fault: StreamFault): void
}

/** What all have in common. */
export abstract class End implements FarEnd {
  path = ''
  status = 0
  saidEnd = false
  over: 'ended' | 'reset' | undefined
  protected open = false
  protected ready = false
  readonly #frames: readonly Buffer[]
  readonly #heard: Buffer[] = []
  #step = 0
  #fault: { readonly step: number; readonly fault: StreamFault } | undefined

  constructor(frames: readonly Buffer[]) {
    this.#frames = frames
  }

  abstract get said(): number
  protected abstract handshake(): void
  protected abstract say(frame: Buffer): void
  protected abstract end(): void
  protected abstract fail(fault: StreamFault): void

  get heard(): Buffer {
    return Buffer.concat(this.#heard)
  }

  failAt(step: number, fault: StreamFault): void {
    this.#fault = { step, fault }
  }

  step(): boolean {
    const frame = this.#step - 1
    if (!this.ready || frame > this.#frames.length || (frame >= 0 && !this.open)) return false
    const fault = this.#fault
    if (fault?.step === this.#step) {
      this.#fault = undefined
      this.fail(fault.fault)
      return true
    }
    this.#step++
    if (frame < 0) this.handshake()
    else if (frame < this.#frames.length) this.say(this.#frames[frame]!)
    else this.end()
    return true
  }

  protected hear(bytes: Buffer): void {
    this.#heard.push(Buffer.from(bytes))
  }
}
