import { expect, test } from 'vitest'
import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import { onRequest } from '../core/handler.ts'
import { ResponseMessage, respond } from '../core/message.ts'
import { exchange } from './exchange.ts'
import { run } from './run.ts'
import { virtualClock } from './virtual-clock.ts'

test('run gives the response and what next saw', async () => {
  const result = await run(
    async (it, next) => {
      it.request.headers.set('X-A', '1')
      it.request.path = '/b'
      const response = await next(it)
      it.request.headers.set('X-A', 'later')
      return response
    },
    exchange({ url: '/a?x', body: 'payload' }),
  )
  expect(result.response.status).toBe(200)
  expect(await result.response.body.text()).toBe('ok')
  expect(result.callCount).toBe(1)
  expect(result.calls[0]).toMatchObject({ method: 'POST', target: '/b?x', host: 'example.com' })
  expect(result.calls[0]!.headers.get('x-a')).toBe('1')
  expect(result.calls[0]!.body?.toString()).toBe('payload')
})

test('run shows that next was not called', async () => {
  const result = await run(() => respond(401), exchange())
  expect(result.response.status).toBe(401)
  expect(result.callCount).toBe(0)
  expect(result.calls).toEqual([])
})

test('run counts every call of next', async () => {
  const result = await run(async (it, next) => {
    await next(it)
    return next(it)
  }, exchange())
  expect(result.callCount).toBe(2)
})

test('run takes a handler', async () => {
  const result = await run(
    (it, next) => next(it),
    exchange(),
    (it) => respond(418, it.id),
  )
  expect(await result.response.body.text()).toBe('test-exchange')
  expect(result.calls[0]!.body).toBeUndefined()
})

test('run rejects as the filter does', async () => {
  const thrown = new ProxyError('no_endpoint')
  const failing = (): never => {
    throw thrown
  }
  await expect(run(failing, exchange())).rejects.toBe(thrown)
  await expect(run((it, next) => next(it), exchange(), failing)).rejects.toBe(thrown)
})

test('run finish sends the body and runs the listeners', async () => {
  const order: string[] = []
  const result = await run(
    onRequest((it) => it.onComplete(() => order.push('complete'))),
    exchange(),
    () =>
      new ResponseMessage(
        201,
        undefined,
        Body.from([Buffer.from('ab'), Buffer.from('c')]).onClose(() => order.push('body')),
      ),
  )
  expect(result.outcome).toBeUndefined()
  const outcome = await result.finish()
  expect(outcome).toMatchObject({ result: 'completed', status: 201, bytesSent: 3, error: undefined })
  expect(result.outcome).toBe(outcome)
  expect(await result.finish()).toBe(outcome)
  expect(order).toEqual(['body', 'complete'])
})

test('run finish counts a body that the test read before', async () => {
  const result = await run((it, next) => next(it), exchange())
  await result.response.body.text()
  expect(await result.finish()).toMatchObject({ bytesSent: 2 })
})

test('run finish reports a body that breaks off', async () => {
  const result = await run(
    (it, next) => next(it),
    exchange(),
    () => {
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('abc')
        throw new ProxyError('upstream_response_incomplete')
      }
      return new ResponseMessage(200, undefined, Body.from(broken()))
    },
  )
  expect(await result.finish()).toMatchObject({
    result: 'failed',
    status: 200,
    bytesSent: 3,
    error: { code: 'upstream_response_incomplete' },
  })
})

test('run finish plays a client that leaves', async () => {
  const seen: string[] = []
  const result = await run(
    (it, next) => next(it),
    exchange(),
    (it) => {
      it.onAbort((reason) => seen.push(`abort ${reason.code}`))
      it.onComplete((outcome) => seen.push(`complete ${outcome.result}`))
      return new ResponseMessage(
        200,
        undefined,
        Body.from('abc').onClose((error) => seen.push(`body ${(error as ProxyError).code}`)),
      )
    },
  )
  expect(await result.finish({ result: 'aborted' })).toMatchObject({
    result: 'aborted',
    status: 200,
    bytesSent: 0,
  })
  expect(seen).toEqual(['abort client_aborted', 'body client_aborted', 'complete aborted'])
})

test('run moves the exchange’s own clock until the filter has answered', async () => {
  const waited = await run(async (it, next) => {
    await new Promise<void>((resolve) => void it.clock.setTimeout(resolve, 60_000))
    return next(it)
  }, exchange())
  expect(waited.exchange.clock.now()).toBe(60_000)
  expect((await waited.finish()).durationMs).toBe(60_000)
})

test('run waits for what takes real time too', async () => {
  const { response } = await run(async () => {
    const { readFile } = await import('node:fs/promises')
    return respond(200, await readFile(new URL(import.meta.url)))
  }, exchange())
  expect(await response.body.text()).toContain('what takes real time too')
})

test('run leaves a clock that was given to the test', async () => {
  const clock = virtualClock()
  const running = run(async (it, next) => {
    await new Promise<void>((resolve) => void it.clock.setTimeout(resolve, 10))
    return next(it)
  }, exchange({ clock }))
  await clock.advance(9)
  expect(clock.pending).toBe(1)
  expect((await clock.until(running)).response.status).toBe(200)
})

test('run refuses what is no filter, no exchange and no response', async () => {
  await expect(run(exchange() as never, exchange())).rejects.toThrow(/run: "filter" must be a function/)
  await expect(run(() => respond(200), { url: '/' } as never)).rejects.toThrow(
    /run: "exchange" must be what exchange/,
  )
  await expect(run((() => undefined) as never, exchange())).rejects.toThrow(/must return a response|return/)
})
