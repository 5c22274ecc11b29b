import { expect, it } from 'vitest'
import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { Wire } from '../../core/network.ts'
import { BodyWriter } from './body-writer.ts'

const WINDOW = 65_536
const CHUNK = Buffer.alloc(16_384, 'x')

/** A wire that takes so much before it says to wait, and sends when the test says so. */
function fakeWire() {
  let pending = 0
  const wire = {
    get pendingBytes() {
      return pending
    },
    write(data: Uint8Array | string) {
      pending += data.length
      return pending < WINDOW
    },
    cork() {},
    uncork() {},
  } as Partial<Wire> as Wire
  return {
    wire,
    sendAll: () => {
      pending = 0
    },
  }
}

/** A source of this many chunks, which pushes as long as it is not paused. */
function fastSource(chunks: number) {
  let sink: BodySink | undefined
  let paused = false
  let pushed = 0
  const push = (): void => {
    while (sink !== undefined && !paused && pushed < chunks) {
      pushed++
      sink.onChunk(CHUNK)
    }
    if (pushed < chunks || paused) return
    const last = sink
    sink = undefined
    last?.onEnd(undefined)
  }
  const source: BodySource = {
    length: chunks * CHUNK.length,
    open(opened) {
      sink = opened
      push()
    },
    pause() {
      paused = true
    },
    resume() {
      paused = false
      push()
    },
    cancel() {},
  }
  return {
    source,
    get pushed() {
      return pushed
    },
    get paused() {
      return paused
    },
  }
}

function writing() {
  const { wire, sendAll } = fakeWire()
  let written = 0
  const blocked: boolean[] = []
  const writer = new BodyWriter(wire, {
    onBodyWritten: () => written++,
    onBodyFailed: (error) => expect.unreachable(String(error)),
    onBlocked: (now) => blocked.push(now),
  })
  const drain = (): void => {
    sendAll()
    writer.drained()
  }
  return { wire, writer, drain, blocked, written: () => written }
}

const HEAD = 'HTTP/1.1 200 OK\r\n\r\n'
const LONG_INTERIM = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(70_000)}\r\n\r\n`

for (const framing of ['chunked', 'length'] as const) {
  it(`a writer that is blocked already pauses the body that it starts (${framing})`, () => {
    const { wire, writer, drain, blocked, written } = writing()
    writer.writeWhole(LONG_INTERIM, 'none', new Uint8Array(0))
    expect(writer.blocked).toBe(true)
    const body = fastSource(20)
    writer.start(HEAD, framing, body.source)
    expect([body.pushed, body.paused, wire.pendingBytes]).toEqual([
      0,
      true,
      LONG_INTERIM.length + HEAD.length,
    ])
    let rounds = 0
    while (written() === 0 && rounds < 20) {
      rounds++
      drain()
      expect(wire.pendingBytes).toBeLessThan(WINDOW + 2 * CHUNK.length)
    }
    expect([body.pushed, written(), writer.active]).toEqual([20, 1, false])
    expect(blocked.slice(0, 2)).toEqual([true, false])
  })

  it(`a writer that becomes blocked pauses the body (${framing})`, () => {
    const { writer, drain, written } = writing()
    const body = fastSource(6)
    writer.start(HEAD, framing, body.source)
    expect([body.pushed, body.paused, written()]).toEqual([4, true, 0])
    drain()
    expect([body.pushed, written()]).toEqual([6, 1])
  })
}
