import { describe, expect, it } from 'vitest'
import { channelPair } from '../../../../test/workers/channel-pair.ts'
import type { Wire, WireHandler } from '../../../core/network.ts'
import { WINDOW_BYTES } from './channel-wire.ts'
import { ChannelWires } from './channel-wires.ts'

/** Notes what happens to a wire. */
class Noted implements WireHandler {
  readonly wire: Wire
  readonly chunks: Buffer[] = []
  readonly events: string[] = []

  constructor(wire: Wire) {
    this.wire = wire
    wire.handler = this
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  onData(chunk: Buffer): undefined {
    this.chunks.push(chunk)
  }

  onEnd(): void {
    this.events.push('end')
  }

  onDrain(): void {
    this.events.push('drain')
  }

  onClose(error: Error | undefined): void {
    this.events.push(error === undefined ? 'closed' : `closed: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** Two channels with a wire on them. */
async function opened() {
  const [here, there] = channelPair()
  const supervisor = new ChannelWires(here)
  const worker = new ChannelWires(there)
  const accepted = Promise.withResolvers<Noted>()
  worker.onWire = (wire) => accepted.resolve(new Noted(wire))
  const near = new Noted(supervisor.open())
  return { here, there, supervisor, worker, near, far: await accepted.promise }
}

/** Until nothing that is on its way is left. */
async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve()
}

/** Bytes that tell where each belongs. */
function patterned(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
}

describe('ChannelWires', () => {
  it('carries bytes both ways, strings as latin1, and ends of both', async () => {
    const { near, far, supervisor, worker } = await opened()
    near.wire.write('GET /\xe9')
    near.wire.end()
    await settled()
    expect([far.bytes.toString('latin1'), far.events]).toEqual(['GET /\xe9', ['end']])
    far.wire.write(Buffer.from('answer'))
    far.wire.end()
    await settled()
    expect([near.bytes.toString(), near.events, far.events]).toEqual([
      'answer',
      ['end', 'closed'],
      ['end', 'closed'],
    ])
    expect([supervisor.size, worker.size]).toEqual([0, 0])
  })

  it('sends what is written while it is corked as one message', async () => {
    const { near, far, here } = await opened()
    const before = here.sent
    near.wire.cork()
    for (const it of ['a', 'b', 'c']) near.wire.write(it)
    expect(here.sent).toBe(before)
    near.wire.uncork()
    await settled()
    expect([here.sent - before, far.bytes.toString()]).toEqual([1, 'abc'])
  })

  it('keeps nothing of the memory that it was given', async () => {
    const { near, far } = await opened()
    const memory = Buffer.from('first')
    near.wire.cork()
    near.wire.write(memory)
    memory.write('other')
    near.wire.uncork()
    await settled()
    expect(far.bytes.toString()).toBe('first')
  })

  it('has a writer wait for a reader that is paused, and loses nothing', async () => {
    const { near, far } = await opened()
    const bytes = patterned(WINDOW_BYTES * 3 + 17)
    far.wire.pause()
    expect(near.wire.write(bytes.subarray(0, 5))).toBe(true)
    expect(near.wire.write(bytes.subarray(5))).toBe(false)
    await settled()
    expect([far.chunks.length, near.wire.pendingBytes, near.events]).toEqual([
      0,
      bytes.byteLength - WINDOW_BYTES,
      [],
    ])
    far.wire.resume()
    await settled()
    expect(far.bytes.equals(bytes)).toBe(true)
    expect([near.wire.pendingBytes, near.events]).toEqual([0, ['drain']])
  })

  it('ends behind what waits', async () => {
    const { near, far } = await opened()
    const bytes = patterned(WINDOW_BYTES * 2)
    far.wire.pause()
    near.wire.write(bytes)
    near.wire.end()
    await settled()
    expect(far.events).toEqual([])
    far.wire.resume()
    await settled()
    expect([far.bytes.byteLength, far.events]).toEqual([bytes.byteLength, ['end']])
  })

  it('shows what was sent before a close, then the close', async () => {
    const { near, far } = await opened()
    far.wire.pause()
    near.wire.write('last words')
    near.wire.destroy()
    await settled()
    expect([near.events, far.events]).toEqual([['closed'], []])
    far.wire.resume()
    await settled()
    expect([far.bytes.toString(), far.events]).toEqual(['last words', ['end', 'closed']])
  })

  it('tells of a reset at once', async () => {
    const { near, far, supervisor, worker } = await opened()
    far.wire.pause()
    near.wire.write('never read')
    near.wire.reset()
    await settled()
    expect([far.bytes.byteLength, far.events, near.events]).toEqual([0, ['closed: ECONNRESET'], ['closed']])
    expect([supervisor.size, worker.size]).toEqual([0, 0])
  })

  it('resets all wires when the channel is gone', async () => {
    const { here, near, far, supervisor, worker } = await opened()
    const other = new Noted(supervisor.open())
    await settled()
    here.close()
    await settled()
    const lost = ['closed: ECONNRESET']
    expect([near.events, other.events, far.events]).toEqual([lost, lost, lost])
    expect([supervisor.size, worker.size]).toEqual([0, 0])
  })

  it('resets what nobody accepts', async () => {
    const [here, there] = channelPair()
    const supervisor = new ChannelWires(here)
    new ChannelWires(there)
    const near = new Noted(supervisor.open())
    await settled()
    expect([near.events, supervisor.size]).toEqual([['closed: ECONNRESET'], 0])
  })

  it('resets a wire that brings more than was granted', async () => {
    const { here, near, far } = await opened()
    far.wire.pause()
    const bytes = new Uint8Array(WINDOW_BYTES)
    here.send('wire', { wire: 0, kind: 'data', bytes })
    here.send('wire', { wire: 0, kind: 'data', bytes: new Uint8Array(1) })
    await settled()
    expect([far.events, near.events]).toEqual([['closed: ECONNRESET'], ['closed: ECONNRESET']])
  })

  it.each([
    null,
    'open',
    { wire: 0 },
    { wire: 0.5, kind: 'reset' },
    { wire: 0, kind: 'data', bytes: 'text' },
    { wire: 0, kind: 'credit', bytes: -1 },
    { wire: 0, kind: 'credit', bytes: Number.NaN },
    { wire: 9, kind: 'open', remote: { address: 1 } },
    { wire: 9, kind: 'end' },
  ])('ignores what is no message: %j', async (message) => {
    const { here, near, far, worker } = await opened()
    here.send('wire', message)
    near.wire.write('goes on')
    await settled()
    expect([far.bytes.toString(), far.events, worker.size]).toEqual(['goes on', [], 1])
  })
})
