import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, propagation, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { afterEach, expect, it } from 'vitest'
import { cache } from '../cache/index.ts'
import type { Balancer } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { pool, proxy } from '../index.ts'
import { type FakeUpstream, fakeUpstream, fault } from '../testing/index.ts'
import { tracing } from './tracing.ts'

interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: number
}

/** A span as OTLP/JSON has it. */
interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly { readonly key: string; readonly value: OtlpValue }[]
  readonly status: { readonly code?: number }
  readonly links?: readonly { readonly spanId: string }[]
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly spans: readonly OtlpSpan[]
    }[]
  }[]
}

const SERVER = 2
const CLIENT = 3
const ERROR = 2
const inOrder: Balancer = (candidates) => candidates[0]!

/** What a collector has been sent. */
async function collector(): Promise<AsyncDisposable & { readonly url: string; readonly spans: OtlpSpan[] }> {
  const spans: OtlpSpan[] = []
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    expect([request.url, request.headers['content-type']]).toEqual(['/v1/traces', 'application/json'])
    for (const { scopeSpans } of (JSON.parse(body) as OtlpRequest).resourceSpans)
      for (const { scope, spans: some } of scopeSpans) if (scope.name === 'gatewright') spans.push(...some)
    response.end('{}')
  }
  const server = createServer((request, response) => void receive(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const read = (span: OtlpSpan, key: string): string | number | undefined => {
  const value = span.attributes.find((it) => it.key === key)?.value
  return value?.stringValue ?? (value?.intValue === undefined ? undefined : Number(value.intValue))
}

afterEach(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

it('tracing by the real SDK is what a collector gets over OTLP', async () => {
  await using collected = await collector()
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: collected.url }))],
  })
  provider.register()
  await using first = await fakeUpstream({ socket: true }).start()
  await using second = await fakeUpstream({ socket: true }).start()
  second.reply({ body: 'two' })
  first.reply({ headers: { 'cache-control': 'max-age=60' }, body: 'one' })
  const both = pool([first.url, second.url]).balance(inOrder)
  const refuse: Filter = () => {
    throw new ProxyError('access_denied')
  }
  const twice: Filter = async (exchange, next) => {
    const response = await next(exchange)
    response.body.discard()
    return next(exchange)
  }
  await using running = await proxy()
    .listen(0)
    .use(tracing())
    .route('GET /plain/:id', both)
    .route('/retried', both.retry({ attempts: 2, budget: 1 }))
    .route('/hedged', both.hedge({ afterMs: 5, budget: 1 }))
    .route('/late', pool([first.url]).deadline({ ms: 50 }))
    .route('/left', pool([first.url]))
    .route('/cached', cache(), pool([first.url]))
    .route('/refused', refuse, both)
    .route('/again', twice, pool([first.url]))
    .start()

  /** The spans of what was asked: that of the exchange, and those of its attempts. */
  const spansOf = async (count: number): Promise<{ exchange: OtlpSpan; attempts: OtlpSpan[] }> => {
    await provider.forceFlush()
    while (collected.spans.length < count) {
      await new Promise((resolve) => setImmediate(resolve))
      await provider.forceFlush()
    }
    const taken = collected.spans.splice(0)
    expect(taken).toHaveLength(count)
    const exchange = taken.find(({ kind }) => kind === SERVER)!
    const attempts = taken.filter(({ kind }) => kind === CLIENT)
    expect(exchange.parentSpanId).toBeUndefined()
    for (const { parentSpanId, traceId } of attempts)
      expect([parentSpanId, traceId]).toEqual([exchange.spanId, exchange.traceId])
    return { exchange, attempts }
  }
  const ask = async (path: string): Promise<number> => {
    const response = await fetch(`${running.url}${path}`)
    await response.arrayBuffer()
    return response.status
  }
  const sentTo = (service: FakeUpstream): string | undefined => service.requests.at(-1)?.header('traceparent')

  // 1. All goes well.
  expect(await ask('/plain/7')).toBe(200)
  const plain = await spansOf(2)
  expect([plain.exchange.name, plain.attempts[0]!.name]).toEqual(['GET /plain/:id', 'GET'])
  expect(read(plain.exchange, 'http.route')).toBe('/plain/:id')
  expect(read(plain.exchange, 'http.response.status_code')).toBe(200)
  expect(read(plain.attempts[0]!, 'url.full')).toBe(`${first.url}/plain/7`)
  expect(sentTo(first)).toBe(`00-${plain.exchange.traceId}-${plain.attempts[0]!.spanId}-01`)

  // 2. A retry. What is reset on a kept connection counts as stale, and begins anew within its attempt.
  first.inject(fault.resetBeforeHead(), { next: 2 })
  expect(await ask('/retried')).toBe(200)
  const retried = await spansOf(3)
  const [failed, again] = retried.attempts.toSorted(
    (a, b) =>
      Number(read(a, 'http.request.resend_count') ?? 0) - Number(read(b, 'http.request.resend_count') ?? 0),
  )
  expect([read(failed!, 'error.type'), failed!.status.code]).toEqual(['upstream_reset', ERROR])
  expect([read(again!, 'http.request.resend_count'), read(again!, 'http.response.status_code')]).toEqual([
    1, 200,
  ])
  expect(retried.exchange.status.code ?? 0).toBe(0)

  // 3. A hedge, which wins.
  first.inject(fault.noAnswer(), { next: 1 })
  expect(await ask('/hedged')).toBe(200)
  const hedged = await spansOf(3)
  const late = hedged.attempts.find((it) => read(it, 'error.type') === 'hedge_lost')!
  const hedge = hedged.attempts.find((it) => it !== late)!
  expect(hedge.links!.map(({ spanId }) => spanId)).toEqual([late.spanId])
  expect(sentTo(second)).toContain(hedge.spanId)

  // 4. No answer in time.
  first.inject(fault.noAnswer(), { next: 1 })
  expect(await ask('/late')).toBe(504)
  const timedOut = await spansOf(2)
  expect([read(timedOut.exchange, 'error.type'), timedOut.exchange.status.code]).toEqual([
    'upstream_deadline',
    ERROR,
  ])
  expect(read(timedOut.attempts[0]!, 'error.type')).toBe('upstream_deadline')

  // 5. The client leaves.
  first.inject(fault.noAnswer(), { next: 1 })
  const seen = first.requests.length
  const leaving = httpRequest(`${running.url}/left`).end()
  leaving.on('error', () => {})
  await first.when((it) => it.requests.length > seen)
  leaving.destroy()
  const left = await spansOf(2)
  expect(read(left.exchange, 'error.type')).toBe('client_aborted')
  expect(read(left.attempts[0]!, 'error.type')).toBe('client_aborted')

  // 6. A cache has the answer.
  await ask('/cached')
  expect((await spansOf(2)).attempts).toHaveLength(1)
  await ask('/cached')
  const cached = await spansOf(1)
  expect([cached.exchange.name, read(cached.exchange, 'http.response.status_code')]).toEqual([
    'GET /cached',
    200,
  ])

  // 7. A filter refuses.
  expect(await ask('/refused')).toBe(403)
  const refused = await spansOf(1)
  expect([read(refused.exchange, 'error.type'), refused.exchange.status.code ?? 0]).toEqual([
    'access_denied',
    0,
  ])

  // 8. A filter sends it once more. Here, nobody else has the exchange recorded.
  expect(await ask('/again')).toBe(200)
  const counts = (await spansOf(3)).attempts.map((it) => read(it, 'http.request.resend_count'))
  expect(new Set(counts)).toEqual(new Set([undefined, 1]))

  await provider.shutdown()
})
