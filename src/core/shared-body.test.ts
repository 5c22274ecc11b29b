import { describe, expect, it, vi } from 'vitest'
import { DrivenSource } from '../../test/driven-source.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { Body } from './body.ts'
import type { BodySink } from './body-source.ts'
import { ProxyError } from './errors.ts'
import { HeaderList } from './headers.ts'
import { SharedBody } from './shared-body.ts'

/** What a reader was given. */
class Taken implements BodySink {
  text = ''
  end: unknown
  trailers: HeaderList | undefined
  onChunk(chunk: Uint8Array) {
    this.text += String(chunk)
    return undefined
  }
  onEnd(trailers: HeaderList | undefined) {
    this.end = 'end'
    this.trailers = trailers
  }
  onError(error: unknown) {
    this.end = error
  }
}

function shared(bufferBytes = 10, stallMs = 1_000) {
  const clock = virtualClock()
  const source = new DrivenSource()
  const body = new SharedBody(source, { clock, bufferBytes, stallMs })
  const readers = [body.reader(), body.reader()] as const
  const taken = [new Taken(), new Taken()] as const
  return { clock, source, body, readers, taken }
}

describe('SharedBody', () => {
  it('gives each reader all of it, at its own pace, with trailers of its own', () => {
    const { source, readers, taken } = shared()
    readers[0].open(taken[0])
    source.push('ab')
    readers[1].open(taken[1])
    readers[1].pause()
    source.push('cd')
    expect(taken.map(({ text }) => text)).toEqual(['abcd', 'ab'])
    source.sink!.onEnd(HeaderList.from([['X-Sum', '1']]))
    expect(taken.map(({ end }) => end)).toEqual(['end', undefined])
    readers[1].resume()
    expect([taken[1].text, taken[1].end]).toEqual(['abcd', 'end'])
    taken[0].trailers!.set('X-Sum', '2')
    expect(taken[1].trailers!.get('x-sum')).toBe('1')
  })

  it('keeps its bytes from steps that change them', async () => {
    const { source, readers } = shared(100_000)
    const [spoiling, other] = readers.map((reader) => new Body(reader))
    const spoilt = spoiling!
      .transform(async function* (chunks) {
        for await (const chunk of chunks) yield chunk.fill(0x78)
      })
      .text()
    const plain = other!.text()
    await Promise.resolve()
    source.push('ab'.repeat(10_000))
    source.sink!.onEnd(undefined)
    expect(await spoilt).toBe('x'.repeat(20_000))
    expect(await plain).toBe('ab'.repeat(10_000))
  })

  it('keeps copies, since what it is given is read into again', () => {
    const { source, readers, taken } = shared()
    readers[0].open(taken[0])
    const given = Buffer.from('ab')
    expect(source.sink!.onChunk(given)).toBe(true)
    given.fill(0)
    readers[1].open(taken[1])
    expect(taken[1].text).toBe('ab')
  })

  it('pauses when nobody wants more, and flows when one does', () => {
    const { source, readers, taken } = shared()
    for (const [i, reader] of readers.entries()) reader.open(taken[i]!)
    readers[0].pause()
    expect(source.paused).toBe(false)
    readers[1].pause()
    expect(source.paused).toBe(true)
    readers[0].resume()
    expect(source.paused).toBe(false)
  })

  it('waits for the slowest when the buffer is full, and goes on when that has read', async () => {
    const { clock, source, readers, taken } = shared()
    for (const [i, reader] of readers.entries()) reader.open(taken[i]!)
    readers[1].pause()
    source.push('0123456789')
    expect(source.paused).toBe(false)
    source.push('x')
    expect(source.paused).toBe(true)
    await clock.advance(900)
    readers[1].resume()
    expect([source.paused, taken[1].text]).toEqual([false, '0123456789x'])
    readers[1].pause()
    await clock.advance(900)
    expect(taken[1].end).toBeUndefined()
  })

  it('breaks off for the slowest when its time is over, and goes on for the others', async () => {
    const { clock, source, readers, taken } = shared()
    readers[0].open(taken[0])
    source.push('0123456789x')
    expect(source.paused).toBe(true)
    await clock.advance(1_001)
    expect(source.paused).toBe(false)
    source.push('y')
    source.sink!.onEnd(undefined)
    expect([taken[0].text, taken[0].end]).toEqual(['0123456789xy', 'end'])
    // It had not begun to read.
    readers[1].open(taken[1])
    expect([taken[1].text, taken[1].end]).toEqual(['', expect.objectContaining({ code: 'client_stalled' })])
    expect(clock.nextInMs).toBeUndefined()
  })

  it('cuts nobody where nobody waits', async () => {
    const { clock, source, readers, taken } = shared()
    for (const [i, reader] of readers.entries()) reader.open(taken[i]!)
    readers[1].pause()
    source.push('0123456789x')
    readers[0].pause()
    await clock.advance(60_000)
    expect(taken.map(({ end }) => end)).toEqual([undefined, undefined])
  })

  it('is cancelled when the last reader leaves, and not before', () => {
    const { source, readers, taken } = shared()
    for (const [i, reader] of readers.entries()) reader.open(taken[i]!)
    const reason = new ProxyError('client_aborted')
    readers[0].cancel(reason)
    expect(source.cancelled).toBeUndefined()
    source.push('ab')
    expect(taken.map(({ text }) => text)).toEqual(['', 'ab'])
    readers[1].cancel(reason)
    expect(source.cancelled).toBe(reason)
  })

  it('is let go by a reader that leaves: the others are held up no longer', () => {
    const { source, readers, taken } = shared()
    for (const [i, reader] of readers.entries()) reader.open(taken[i]!)
    readers[1].pause()
    source.push('0123456789x')
    expect(source.paused).toBe(true)
    readers[1].cancel(new ProxyError('client_aborted'))
    expect(source.paused).toBe(false)
  })

  it('fails for all, each when it has read what came before', () => {
    const { source, readers, taken } = shared()
    for (const [i, reader] of readers.entries()) reader.open(taken[i]!)
    readers[1].pause()
    source.push('ab')
    const error = new Error('broken')
    source.sink!.onError(error)
    expect(taken[0].end).toBe(error)
    expect(taken[1].end).toBeUndefined()
    readers[1].resume()
    expect([taken[1].text, taken[1].end]).toEqual(['ab', error])
  })

  it('stops in the middle of what is here when its reader asks for a pause', () => {
    const { source, readers, taken } = shared(100)
    readers[0].open(taken[0])
    for (const text of ['a', 'b', 'c']) source.push(text)
    const slow = new Taken()
    const onChunk = vi.fn((chunk: Uint8Array) => {
      readers[1].pause()
      return Taken.prototype.onChunk.call(slow, chunk)
    })
    readers[1].open({ onChunk, onEnd: () => {}, onError: () => {} })
    expect(slow.text).toBe('a')
    readers[1].resume()
    expect(slow.text).toBe('ab')
  })
})
