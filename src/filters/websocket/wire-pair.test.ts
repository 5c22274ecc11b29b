import { describe, expect, test } from 'vitest'
import type { Wire, WireHandler } from '../../core/network.ts'
import { wirePair } from './wire-pair.ts'

const LIKE = {
  remote: { address: '127.0.0.1', port: 1 },
  local: { address: '127.0.0.1', port: 2 },
  tls: undefined,
} as Wire

/** What came on one end. */
class End implements WireHandler {
  readonly wire: Wire
  readonly seen: string[] = []

  constructor(wire: Wire) {
    this.wire = wire
    wire.handler = this
  }

  onData(chunk: Buffer): true {
    this.seen.push(chunk.toString())
    return true
  }

  onEnd(): void {
    this.seen.push('(end)')
  }

  onDrain(): void {
    this.seen.push('(drain)')
  }

  onClose(error: Error | undefined): void {
    this.seen.push(error === undefined ? '(closed)' : '(reset)')
  }
}

function ends(): [End, End] {
  const [one, other] = wirePair(LIKE)
  return [new End(one), new End(other)]
}

async function settled(): Promise<void> {
  await Promise.resolve()
}

describe('wirePair', () => {
  test('carries what is written, in the same call', () => {
    const [one, other] = ends()
    expect(one.wire.write('a')).toBe(true)
    expect(other.wire.write(Buffer.from('b'))).toBe(true)
    expect([one.seen, other.seen]).toEqual([['b'], ['a']])
  })

  test('holds a copy of what is written to one that is paused, and says when it goes on', () => {
    const [one, other] = ends()
    other.wire.pause()
    const bytes = Buffer.from('a')
    expect(one.wire.write(bytes)).toBe(false)
    bytes.write('x')
    expect(one.wire.write('b')).toBe(false)
    expect(other.seen).toEqual([])
    other.wire.resume()
    expect([one.seen, other.seen]).toEqual([['(drain)'], ['a', 'b']])
  })

  test('stops again where it is paused while it goes on', () => {
    const [one, other] = ends()
    other.wire.pause()
    one.wire.write('a')
    one.wire.write('b')
    other.wire.handler = Object.assign(other, {
      onData: (chunk: Buffer) => {
        other.seen.push(chunk.toString())
        other.wire.pause()
        return true as const
      },
    })
    other.wire.resume()
    expect([one.seen, other.seen]).toEqual([[], ['a']])
    other.wire.resume()
    expect([one.seen, other.seen]).toEqual([[], ['a', 'b']])
  })

  test('ends one side behind what is held, and both are closed when both have ended', async () => {
    const [one, other] = ends()
    other.wire.pause()
    one.wire.write('a')
    one.wire.end()
    expect(one.wire.write('lost')).toBe(true)
    other.wire.resume()
    expect(other.seen).toEqual(['a', '(end)'])
    other.wire.write('still')
    other.wire.end()
    await settled()
    expect(one.seen).toEqual(['still', '(end)', '(closed)'])
    expect(other.seen).toEqual(['a', '(end)', '(closed)'])
  })

  test('a reset is told to the other side, and only there is it one', async () => {
    const [one, other] = ends()
    one.wire.reset()
    one.wire.reset()
    other.wire.write('lost')
    await settled()
    expect([one.seen, other.seen]).toEqual([['(closed)'], ['(reset)']])
  })

  test('destroy closes both, once', async () => {
    const [one, other] = ends()
    one.wire.destroy()
    other.wire.destroy()
    other.wire.end()
    await settled()
    expect([one.seen, other.seen]).toEqual([['(closed)'], ['(closed)']])
  })
})
