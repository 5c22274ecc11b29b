import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { StreamSink } from './stream-sink.ts'

const written = (sink: StreamSink, text = 'a\n') =>
  new Promise<unknown>((resolve) => sink.write(Buffer.from(text), 1, resolve))

describe('StreamSink', () => {
  it('is done when the stream has taken it', async () => {
    const stream = new PassThrough()
    expect(await written(new StreamSink(stream))).toBeUndefined()
    expect(String(stream.read())).toBe('a\n')
    expect(stream.listenerCount('close')).toBe(new PassThrough().listenerCount('close'))
  })

  it('tells of an error of the stream, which ends nothing', async () => {
    const stream = new Writable({ write: (_, __, callback) => callback(new Error('gone')) })
    expect(await written(new StreamSink(stream))).toMatchObject({ message: 'gone' })
  })

  it('tells of a stream that is destroyed while it writes', async () => {
    const stream = new Writable({ write: () => {} })
    const result = written(new StreamSink(stream))
    stream.destroy()
    expect(await result).toBeInstanceOf(Error)
  })

  it('tells of a stream that was ended or destroyed before', async () => {
    const ended = new PassThrough().resume()
    ended.end()
    expect(await written(new StreamSink(ended))).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' })
    const destroyed = new PassThrough()
    destroyed.destroy()
    expect(await written(new StreamSink(destroyed))).toBeInstanceOf(Error)
  })

  it('listens for errors once, however many logs go there', () => {
    const stream = new PassThrough()
    const before = stream.listenerCount('error')
    for (let i = 0; i < 20; i++) new StreamSink(stream)
    expect(stream.listenerCount('error')).toBe(before + 1)
  })
})
