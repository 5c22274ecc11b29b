import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Body } from './body.ts'
import type { BodySink, BodySource } from './body-source.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

const GIVEN_UP = new ProxyError('upstream_reset')

/** A source that the test pushes by hand, as a connection would. */
class PushedSource implements BodySource {
  readonly length = undefined
  sink: BodySink | undefined
  opened = 0
  paused = false
  cancelled = 0

  open(sink: BodySink): void {
    this.sink = sink
    this.opened++
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  cancel(): void {
    this.sink = undefined
    this.cancelled++
  }

  push(text: string): MemoryUse {
    const chunk = Buffer.from(text)
    const use = this.sink?.onChunk(chunk)
    // Memory that nobody holds is read into again at once.
    if (use === true) chunk.fill('#')
    return use
  }

  end(): void {
    this.sink?.onEnd(undefined)
  }
}

/** Collects what one reading is given. */
class Reader implements BodySink {
  readonly source: BodySource
  text = ''
  ended: 'no' | 'yes' | 'failed' = 'no'

  constructor(body: Body) {
    this.source = body.take()
    this.source.open(this)
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    this.text += Buffer.from(chunk).toString()
    return true
  }

  onEnd(_trailers: HeaderList | undefined): void {
    this.ended = 'yes'
  }

  onError(_error: unknown): void {
    this.ended = 'failed'
  }
}

function pushed(maxBytes = 100): { source: PushedSource; body: Body } {
  const source = new PushedSource()
  return { source, body: new Body(source).replay({ maxBytes }) }
}

describe('body.replay', () => {
  test('gives a body again from its first byte, and goes on with what is to come', () => {
    const { source, body } = pushed()
    const first = new Reader(body)
    source.push('one ')
    first.source.cancel(GIVEN_UP)
    expect(source.paused).toBe(true)
    source.push('two ') // was under way
    const second = new Reader(body)
    expect(source.paused).toBe(false)
    source.push('three')
    source.end()
    const third = new Reader(body)
    expect([first.text, second.text, third.text]).toEqual(['one ', 'one two three', 'one two three'])
    expect([second.ended, third.ended, source.opened, source.cancelled]).toEqual(['yes', 'yes', 1, 0])
  })

  test('passes a body that is too long on, and gives it up afterwards', () => {
    const { source, body } = pushed(7)
    const first = new Reader(body)
    source.push('1234')
    expect(body.resendable).toBe(true)
    source.push('5678')
    expect(body.resendable).toBe(false)
    source.push('9')
    expect(first.text).toBe('123456789')
    expect(() => body.take()).toThrow(expect.objectContaining({ code: 'ERR_BODY_USED' }))
    first.source.cancel(GIVEN_UP)
    expect(source.cancelled).toBe(1)
  })

  test('gives up a body that gets too long while nobody reads it', () => {
    const { source, body } = pushed(4)
    new Reader(body).source.cancel(GIVEN_UP)
    source.push('12345')
    expect([body.resendable, source.cancelled]).toEqual([false, 1])
  })

  test('does not give bytes twice when it was overtaken by its limit', () => {
    const { source, body } = pushed(8)
    new Reader(body).source.cancel(GIVEN_UP)
    source.push('1234')
    const source2 = body.take()
    source2.pause()
    const seen: string[] = []
    source2.open({
      onChunk: (chunk) => {
        seen.push(Buffer.from(chunk).toString())
        return true
      },
      onEnd: () => seen.push('end'),
      onError: () => seen.push('error'),
    })
    source.push('567890') // past the limit, and the reader has had nothing yet
    source.end()
    expect(seen).toEqual([])
    source2.resume()
    expect(seen).toEqual(['1234', '567890', 'end'])
  })

  test('lets go of what it has kept, and of a source that is read no more', () => {
    const { source, body } = pushed()
    const first = new Reader(body)
    source.push('one')
    body.settle(GIVEN_UP)
    source.push('two')
    expect([first.text, body.resendable, source.cancelled]).toEqual(['onetwo', false, 0])

    const other = pushed()
    new Reader(other.body).source.cancel(GIVEN_UP)
    other.body.settle(GIVEN_UP)
    expect([other.body.resendable, other.source.cancelled]).toEqual([false, 1])

    const unread = pushed()
    unread.body.settle(GIVEN_UP)
    expect([unread.body.resendable, unread.source.cancelled]).toEqual([true, 0])
  })

  test('runs what was recorded before it once, and what an attempt records for that attempt', async () => {
    let runs = 0
    const closed: unknown[] = []
    // Larger than what a reader would copy anyway.
    const large = 'one '.repeat(5_000)
    const body = Body.from([Buffer.from(large), Buffer.from('!')])
      .transform(async function* (chunks) {
        runs++
        for await (const chunk of chunks) yield Buffer.from(Buffer.from(chunk).toString().toUpperCase())
      })
      .onClose((error) => closed.push(error))
      .replay()
    const masked = () =>
      body.again().transform(async function* (chunks) {
        // In place, as a step that masks bytes does.
        for await (const chunk of chunks) yield chunk.fill(0x2e)
      })
    const nothing = '.'.repeat(large.length + 1)
    expect([await masked().text(), await masked().text()]).toEqual([nothing, nothing])
    expect(await body.again().text()).toBe(`${large.toUpperCase()}!`)
    expect([runs, closed]).toEqual([1, [undefined]])
  })

  test('outlives an attempt that drops its body', () => {
    const { source, body } = pushed()
    const attempt = body.again()
    const reader = new Reader(attempt)
    source.push('one ')
    attempt.discard()
    const next = new Reader(body.again())
    source.push('two')
    expect([reader.text, next.text, source.cancelled]).toEqual(['one ', 'one two', 0])
    body.discard()
    expect([body.resendable, source.cancelled]).toEqual([false, 1])
  })

  test('is a matter of course for bytes', async () => {
    const body = Body.from('abc').replay()
    expect(body.bytes).toBeDefined()
    expect(await body.text()).toBe('abc')
    expect(await body.again().text()).toBe('abc')
  })

  test('is let go of by the body that all others are of', () => {
    const { source, body } = pushed(1_000)
    const view = body.again()
    const reader = new Reader(view)
    source.push('abc')
    view.settle(GIVEN_UP)
    expect(body.resendable).toBe(true)
    body.settle(GIVEN_UP)
    expect([body.resendable, view.resendable]).toEqual([false, false])
    source.push('def')
    source.end()
    expect([reader.text, reader.ended]).toEqual(['abcdef', 'yes'])
  })

  test('of what one of them has changed is its own to let go of', async () => {
    const { source, body } = pushed(1_000)
    const view = body.again()
    view.transform(async function* (chunks) {
      for await (const chunk of chunks) yield chunk
    })
    view.replay({ maxBytes: 1_000 })
    const reader = new Reader(view)
    source.push('abc')
    await new Promise(setImmediate)
    expect([reader.text, view.resendable]).toEqual(['abc', true])
    view.settle(GIVEN_UP)
    expect([view.resendable, body.resendable]).toEqual([false, true])
    source.end()
    await new Promise(setImmediate)
    expect(reader.ended).toBe('yes')
  })

  test('cannot be asked for once the body was read, and checks its option', async () => {
    const body = new Body(new PushedSource())
    body.take()
    expect(() => body.replay()).toThrow(expect.objectContaining({ code: 'ERR_BODY_USED' }))
    expect(() => Body.empty().replay({ maxBytes: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })
})

describe('a body that is read again and again', () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('push' as const), size: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'again' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'pause' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'resume' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'leave' as const }) },
  )

  test('is the same to the byte, whenever readings end, pause and begin', () => {
    const maxBytes = fc.oneof(fc.constant(1_000), fc.nat(60))
    fc.assert(
      fc.property(maxBytes, fc.array(step, { maxLength: 40 }), (limit, steps) => {
        const { source, body } = pushed(limit)
        let sent = ''
        let reader: Reader | undefined = new Reader(body)
        for (const it of steps) {
          if (it.kind === 'push') {
            // What was given up is pushed no more.
            if (source.sink === undefined) break
            const text = Array.from({ length: it.size }, (_, i) => `${(sent.length + i) % 10}`).join('')
            source.push(text)
            sent += text
          } else if (it.kind === 'again') {
            if (!body.resendable) continue
            reader?.source.cancel(GIVEN_UP)
            reader = new Reader(body)
          } else if (it.kind === 'leave') {
            reader?.source.cancel(GIVEN_UP)
            reader = undefined
          } else reader?.source[it.kind]()
          if (reader !== undefined) expect(sent.startsWith(reader.text)).toBe(true)
        }
        expect(body.resendable).toBe(source.cancelled === 0 && sent.length <= limit)
        if (reader === undefined && body.resendable) reader = new Reader(body)
        if (source.sink === undefined) return
        source.end()
        reader?.source.resume()
        if (reader !== undefined) expect([reader.text, reader.ended]).toEqual([sent, 'yes'])
      }),
    )
  })
})
