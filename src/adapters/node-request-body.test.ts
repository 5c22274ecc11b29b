import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import type { BodySink } from '../core/body-source.ts'
import { ProxyError } from '../core/errors.ts'
import { NodeRequestBody } from './node-request-body.ts'
import type { NodeRequest } from './node-request-head.ts'

function body({ bodyBytes = 100, drainBytes = 10 } = {}) {
  const stream = Object.assign(new PassThrough(), { rawTrailers: [] as string[] })
  const owner = {
    bodyOpened: vi.fn(),
    bodyPaused: vi.fn(),
    bodyResumed: vi.fn(),
    bodyTooLarge: vi.fn(),
    bodyUnwanted: vi.fn(),
  }
  const made = new NodeRequestBody(stream as unknown as NodeRequest, undefined, owner, {
    bodyBytes,
    drainBytes,
  })
  const taken = { text: '', end: undefined as unknown }
  const sink: BodySink = {
    onChunk(chunk) {
      taken.text += String(chunk)
      return undefined
    },
    onEnd: () => {
      taken.end = 'end'
    },
    onError: (error) => {
      taken.end = error
    },
  }
  return { stream, owner, made, taken, sink }
}

const moment = () => new Promise(setImmediate)

describe('NodeRequestBody', () => {
  it('gives nothing before it is opened, nor while it is paused', async () => {
    const { stream, made, taken, sink } = body()
    stream.write('a')
    await moment()
    made.pause()
    made.open(sink)
    await moment()
    expect(taken.text).toBe('')
    made.resume()
    await moment()
    expect(taken.text).toBe('a')
    made.pause()
    stream.end('b')
    await moment()
    expect(taken.text).toBe('a')
    made.resume()
    await moment()
    expect(taken).toEqual({ text: 'ab', end: 'end' })
  })

  it('goes on where other middleware had paused it', async () => {
    const { stream, made, taken, sink } = body()
    stream.pause()
    stream.end('a')
    made.open(sink)
    await moment()
    expect(taken).toEqual({ text: 'a', end: 'end' })
  })

  it('tells when more comes than may, once, and gives none of it', async () => {
    const { stream, owner, made, taken, sink } = body({ bodyBytes: 3 })
    made.open(sink)
    for (const text of ['abc', 'd', 'e']) {
      stream.write(text)
      await moment()
    }
    expect([owner.bodyTooLarge.mock.calls.length, taken.text]).toEqual([1, 'abc'])
  })

  it('reads on for nobody, up to a limit', async () => {
    const { stream, owner, made } = body({ drainBytes: 5 })
    made.cancel()
    stream.write('12345')
    await moment()
    expect([owner.bodyUnwanted.mock.calls.length, made.stuck]).toEqual([0, false])
    stream.write('6')
    await moment()
    expect([owner.bodyUnwanted.mock.calls.length, made.stuck, stream.isPaused()]).toEqual([1, true, true])
  })

  it('tells its reader when it breaks off, once', async () => {
    const { stream, made, taken, sink } = body()
    made.open(sink)
    const reason = new ProxyError('client_aborted')
    made.fail(reason)
    stream.end('late')
    await moment()
    expect(taken).toEqual({ text: '', end: reason })
  })

  it('breaks off where its trailers are none', async () => {
    const { stream, made, taken, sink } = body()
    stream.rawTrailers.push('X-A', 'a\nb')
    made.open(sink)
    stream.end('a')
    await moment()
    expect(taken.end).toMatchObject({ code: 'request_malformed' })
  })
})
