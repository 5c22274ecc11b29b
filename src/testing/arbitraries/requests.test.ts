import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryWorld } from '../../../test/engine/memory-world.ts'
import { printedCounterexample } from '../../../test/http1/counterexample.ts'
import { nodeReadsRequest } from '../../../test/http1/node-parser.ts'
import { SimpleReader } from '../network/simple-http1.ts'
import { type GeneratedRequest, type RequestConstraints, requests } from './requests.ts'

const RUNS = { numRuns: 500, seed: 11 }

test('requests are read by Node as they say', async () => {
  await fc.assert(
    fc.asyncProperty(requests(), async (request) => {
      const read = await nodeReadsRequest(request.bytes.toString('latin1'))
      expect(read).toEqual({
        start: [request.method, request.target, 1],
        headers: request.headers.flat(),
        body: (request.body ?? Buffer.alloc(0)).toString('latin1'),
        trailers: request.trailers.flat(),
        complete: true,
        error: undefined,
      })
    }),
    RUNS,
  )
})

test('requests are framed as they say', () => {
  const framings = new Map<string, number>()
  fc.assert(
    fc.property(requests(), ({ bytes, framing, chunkSizes, body }) => {
      framings.set(framing, (framings.get(framing) ?? 0) + 1)
      const reader = new SimpleReader({
        kind: 'request',
        onMessage: (it) => {
          expect(it).toMatchObject({ framing, chunkSizes, complete: true })
          expect(it.body).toEqual(body ?? Buffer.alloc(0))
          return true
        },
      })
      reader.push(bytes)
      expect(reader.midMessage).toBe(false)
    }),
    RUNS,
  )
  for (const framing of ['none', 'length', 'chunked']) expect(framings.get(framing)).toBeGreaterThan(50)
})

test('requests are taken by a proxy, and answered', async () => {
  const { connect, service } = await memoryWorld()
  await fc.assert(
    fc.asyncProperty(requests(), async ({ bytes, method, body }) => {
      const client = await connect()
      await client.send(bytes)
      expect((await client.response({ to: method })).status).toBe(200)
      expect(service.requests.at(-1)!.body).toEqual(body ?? Buffer.alloc(0))
      await client.close()
    }),
    { ...RUNS, numRuns: 300 },
  )
})

test('requests shrink to GET / with nothing but Host', () => {
  expect(printedCounterexample(requests(), () => false)).toBe(
    ["'GET / HTTP/1.1\\r\\n' +", "'Host: a\\r\\n' +", "'\\r\\n'"].join('\n'),
  )
})

test('requests shrink to what makes a property fail, and no more', () => {
  const shrunk = (fails: (request: GeneratedRequest) => boolean, seed?: number) =>
    printedCounterexample(requests(), (request) => !fails(request), seed)
  // From wherever it starts: other seeds begin with other framings.
  for (let seed = 1; seed <= 10; seed++) {
    expect(shrunk(({ body }) => (body?.length ?? 0) > 3, seed)).toBe(
      [
        "'GET / HTTP/1.1\\r\\n' +",
        "'Host: a\\r\\n' +",
        "'Content-Length: 4\\r\\n' +",
        "'\\r\\n' +",
        "'aaaa'",
      ].join('\n'),
    )
  }
  expect(shrunk(({ trailers }) => trailers.length > 0)).toBe(
    [
      "'GET / HTTP/1.1\\r\\n' +",
      "'Host: a\\r\\n' +",
      "'Transfer-Encoding: chunked\\r\\n' +",
      "'\\r\\n' +",
      "'0\\r\\n' +",
      "'X: 1\\r\\n' +",
      "'\\r\\n'",
    ].join('\n'),
  )
})

test('requests keep to their constraints', () => {
  const constraints = {
    methods: ['TRACE', 'PURGE'],
    targets: ['/only'],
    hosts: ['b'],
    framings: ['chunked'],
    maxHeaders: 1,
    maxBodyBytes: 5,
    maxTrailers: 0,
  } as const
  fc.assert(
    fc.property(requests(constraints), ({ method, target, headers, framing, body, trailers }) => {
      expect(target).toBe('/only')
      expect(framing).toBe(method === 'TRACE' ? 'none' : 'chunked')
      expect(body?.length ?? 0).toBeLessThanOrEqual(5)
      expect(headers.length).toBeLessThanOrEqual(3)
      expect(headers.find(([name]) => name.toLowerCase() === 'host')![1]).toBe('b')
      expect(trailers).toEqual([])
    }),
    RUNS,
  )
})

test.each<[RequestConstraints, string]>([
  [{ methods: [] }, 'requests: "methods" must be a list of at least one, got an empty list'],
  [{ methods: ['GE T'] }, 'requests: "methods" must be'],
  [{ methods: ['CONNECT'] }, 'requests: "methods" must be without CONNECT'],
  [{ targets: ['a'] }, 'requests: "targets" must be'],
  [{ targets: ['/a b'] }, 'requests: "targets" must be'],
  [{ hosts: ['a/b'] }, 'requests: "hosts" must be'],
  [{ framings: ['close' as 'none'] }, 'requests: "framings" must be a list out of: none, length, chunked'],
  [{ maxBodyBytes: -1 }, 'requests: "maxBodyBytes" must be a whole number of at least 0, got -1'],
  [{ maxHeader: 1 } as RequestConstraints, 'did you mean "maxHeaders"?'],
])('requests refuse %o', (constraints, message) => {
  expect(() => requests(constraints)).toThrow(message)
})
