import { describe, expect, it } from 'vitest'
import { EventStream } from './event-stream.ts'

/** A reader that notes what it is given. */
function reader() {
  const chunks: string[] = []
  return {
    chunks,
    onChunk: (chunk: Uint8Array): undefined => {
      chunks.push(Buffer.from(chunk).toString())
    },
    onEnd: () => chunks.push('END'),
    onError: (error: unknown) => chunks.push(String(error)),
  }
}

const turn = () => Promise.resolve()

describe('EventStream', () => {
  it('sends what belongs to one turn together, and what came before it was read', async () => {
    const source = new EventStream()
    const sink = reader()
    source.send('a')
    await turn()
    source.open(sink)
    source.send('b')
    await turn()
    source.send('ü')
    await turn()
    source.end()
    await turn()
    expect(sink.chunks).toEqual(['ab', 'ü', 'END'])
  })

  it('does not send within the call', () => {
    const source = new EventStream()
    const sink = reader()
    source.open(sink)
    source.send('a')
    expect(sink.chunks).toEqual([])
  })

  it('keeps at most 64 KiB for a reader that is slow, and takes more when that has gone', async () => {
    const source = new EventStream()
    const sink = reader()
    source.open(sink)
    source.pause()
    const piece = 'x'.repeat(1_024)
    for (let i = 0; i < 64; i++) expect(source.send(piece)).toBe(true)
    expect(source.send('y')).toBe(false)
    await turn()
    expect(sink.chunks).toEqual([])
    source.resume()
    await turn()
    expect(sink.chunks).toEqual([piece.repeat(64)])
    expect(source.send('y')).toBe(true)
  })

  it('is full from when something found no room until something has left', async () => {
    const source = new EventStream()
    source.open(reader())
    source.pause()
    source.send('x'.repeat(65_000))
    expect(source.full).toBe(false)
    source.send('x'.repeat(1_000))
    expect(source.full).toBe(true)
    source.resume()
    await turn()
    expect(source.full).toBe(false)
  })

  it('takes one piece that is longer, where nothing else waits', async () => {
    const source = new EventStream()
    const sink = reader()
    source.open(sink)
    source.pause()
    const long = 'x'.repeat(200_000)
    expect([source.send(long), source.send('y'), source.full]).toEqual([true, false, true])
    source.resume()
    await turn()
    expect([sink.chunks, source.send('a'), source.send(long)]).toEqual([[long], true, false])
  })

  it('counts bytes, not characters', () => {
    const source = new EventStream()
    source.send('ü')
    expect(source.send('ü'.repeat(32_768))).toBe(false)
    expect(source.send('ü'.repeat(32_767))).toBe(true)
  })

  it('ends behind what waits for a reader that is slow, and takes nothing more', async () => {
    const source = new EventStream()
    const sink = reader()
    source.open(sink)
    source.pause()
    source.send('a')
    source.end()
    expect(source.send('b')).toBe(false)
    await turn()
    expect(sink.chunks).toEqual([])
    source.resume()
    await turn()
    expect(sink.chunks).toEqual(['a', 'END'])
  })

  it('pushes nothing any more when it was cancelled', async () => {
    const source = new EventStream()
    const sink = reader()
    source.open(sink)
    source.send('a')
    source.cancel()
    expect(source.send('b')).toBe(false)
    source.end()
    await turn()
    expect(sink.chunks).toEqual([])
  })

  it('does not end behind a reader that cancels while it reads', async () => {
    const source = new EventStream()
    const sink = reader()
    source.open({
      ...sink,
      onChunk: (chunk) => {
        sink.onChunk(chunk)
        source.cancel()
      },
    })
    source.send('a')
    source.end()
    await turn()
    expect(sink.chunks).toEqual(['a'])
  })
})
