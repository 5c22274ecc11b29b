import { describe, expect, it } from 'vitest'
import type { Wire, WireHandler } from '../../core/network.ts'
import { ConnectionOutput } from './connection-output.ts'
import { FloodGuard } from './flood-guard.ts'

/** A wire that says of itself what the test wants. */
class FakeWire implements Wire {
  handler: WireHandler = {
    onData: () => true,
    onEnd: () => {},
    onDrain: () => {},
    onClose: () => {},
  }
  readonly remote = { address: '127.0.0.1', port: 1 }
  readonly local = { address: '127.0.0.1', port: 2 }
  readonly tls = undefined
  pendingBytes = 0
  /** What `write` answers. */
  more = true
  readonly calls: string[] = []
  write(): boolean {
    return this.more
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {
    this.calls.push('pause')
  }
  resume(): void {
    this.calls.push('resume')
  }
  end(): void {}
  destroy(): void {}
  reset(): void {}
}

/** An output whose connection has a window of a megabyte, and what its streams have thrown. */
function output() {
  const wire = new FakeWire()
  const thrown: unknown[] = []
  const it = new ConnectionOutput(wire, new FloodGuard(0), (error) => void thrown.push(error))
  it.grow(1_000_000)
  /** One event in which something is written, while the wire has so much to send. */
  const event = (pendingBytes: number, more: boolean) => {
    wire.pendingBytes = pendingBytes
    wire.more = more
    it.beginEvent()
    it.writer.settingsAck()
    it.endEvent()
  }
  return { it, wire, event }
}

describe('ConnectionOutput', () => {
  it('has no room for bodies while the wire has 64 KiB to send, whatever it says', () => {
    const { it: out, event } = output()
    event(65_536, true)
    expect(out.room).toBe(131_072)
    event(65_537, true)
    expect(out.room).toBe(0)
  })

  it('has none either from when the wire takes no more until it drains', () => {
    const { it: out, wire, event } = output()
    event(1, false)
    expect(out.room).toBe(0)
    wire.pendingBytes = 0
    out.drained()
    expect(out.room).toBe(131_072)
  })

  it('reads no more while 256 KiB are unread, and on when they are gone', () => {
    const { it: out, wire, event } = output()
    event(262_143, false)
    expect(wire.calls).toEqual([])
    event(262_144, false)
    event(300_000, false)
    expect(wire.calls).toEqual(['pause'])
    wire.pendingBytes = 0
    out.drained()
    out.drained()
    expect(wire.calls).toEqual(['pause', 'resume'])
  })

  it('counts answers that are not read, and none from before the wire has drained', () => {
    const { it: out, event } = output()
    const answers = (count: number) => {
      for (let i = 0; i < count; i++) out.answered()
    }
    answers(5_000)
    event(1, false)
    answers(1_000)
    out.drained()
    answers(5_000)
    event(1, false)
    answers(1_000)
    expect(() => out.answered()).toThrow('answers that nobody reads')
  })
})
