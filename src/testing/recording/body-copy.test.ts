import { expect, test } from 'vitest'
import { Body } from '../../core/body.ts'
import type { BodySink } from '../../core/body-source.ts'
import { ProxyError } from '../../core/errors.ts'
import { HeaderList } from '../../core/headers.ts'
import { BodyCopy } from './body-copy.ts'

/** A source that reads into the same memory again and again, as a connection does. */
function reusing(...chunks: readonly string[]): { body: Body; asked: string[] } {
  const asked: string[] = []
  const memory = Buffer.alloc(8)
  const source = {
    length: undefined,
    open: (sink: BodySink) => {
      for (const chunk of chunks) sink.onChunk(memory.subarray(0, memory.write(chunk)))
      sink.onEnd(HeaderList.from({ 'X-Sum': '1' }))
    },
    pause: () => asked.push('pause'),
    resume: () => asked.push('resume'),
    cancel: ({ code }: ProxyError) => asked.push(code),
  }
  return { body: new Body(source), asked }
}

test('BodyCopy holds bytes of its own', () => {
  const copy = new BodyCopy(reusing('one', 'two').body, 6)
  const passed: string[] = []
  copy.body.take().open({
    onChunk: (chunk) => {
      passed.push(Buffer.from(chunk).toString())
      return true
    },
    onEnd: () => passed.push('end'),
    onError: () => passed.push('error'),
  })
  expect(passed).toEqual(['one', 'two', 'end'])
  expect(copy.bytes?.toString()).toBe('onetwo')
  expect(copy.whole).toBe(true)
  expect(copy.trailers?.get('x-sum')).toBe('1')
})

test('BodyCopy gives up past its limit, and lets the body go by', async () => {
  const copy = new BodyCopy(reusing('one', 'two', '!').body, 6)
  expect(await copy.body.text()).toBe('onetwo!')
  expect(copy.bytes).toBe(undefined)
  expect(copy.whole).toBe(true)
})

test('BodyCopy leaves a body of bytes as it is', () => {
  const body = Body.from('text')
  const copy = new BodyCopy(body, 10)
  expect(copy.body).toBe(body)
  expect(body.used).toBe(false)
  expect(copy.bytes?.toString()).toBe('text')
  const ends: unknown[] = []
  copy.whenOver((error) => ends.push(error))
  expect(ends).toEqual([undefined])
})

test('BodyCopy takes the body only when it is read, and passes a discard on', () => {
  const { body, asked } = reusing('one')
  const copy = new BodyCopy(body, 10)
  expect(body.used).toBe(false)
  const ends: unknown[] = []
  copy.whenOver((error) => ends.push(error))
  const reason = new ProxyError('client_aborted')
  copy.body.discard(reason)
  copy.body.discard(reason)
  expect(body.used).toBe(true)
  expect(asked).toEqual(['client_aborted', 'client_aborted'])
  expect(ends).toEqual([reason])
  expect(copy.whole).toBe(false)
})
