import { STATUS_CODES } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryWorld } from '../../../test/engine/memory-world.ts'
import { printedCounterexample } from '../../../test/http1/counterexample.ts'
import { nodeReadsResponse } from '../../../test/http1/node-parser.ts'
import { type SimpleMessage, SimpleReader } from '../network/simple-http1.ts'
import { type ResponseConstraints, responses } from './responses.ts'

const RUNS = { numRuns: 500, seed: 12 }

test('responses are read by Node as they say', async () => {
  await fc.assert(
    fc.asyncProperty(responses({ maxInformational: 0 }), async (response) => {
      const read = await nodeReadsResponse(response.bytes.toString('latin1'))
      expect(read).toEqual({
        start: [response.status, response.reason, 1],
        headers: response.headers.flat(),
        body: (response.body ?? Buffer.alloc(0)).toString('latin1'),
        trailers: response.trailers.flat(),
        complete: true,
        error: undefined,
      })
    }),
    RUNS,
  )
})

test('responses are framed as they say, and follow their interim responses', () => {
  const framings = new Map<string, number>()
  fc.assert(
    fc.property(responses(), ({ bytes, framing, chunkSizes, body, informational }) => {
      framings.set(framing, (framings.get(framing) ?? 0) + 1)
      const read: SimpleMessage[] = []
      const reader = new SimpleReader({ kind: 'response', onMessage: (it) => read.push(it) > 0 })
      reader.push(bytes)
      reader.end()
      const message = read.pop()!
      expect(message).toMatchObject({ framing, chunkSizes, complete: true })
      expect(message.body).toEqual(body ?? Buffer.alloc(0))
      expect(read.map(({ startLine }) => startLine)).toEqual(
        informational.map(({ status }) => `HTTP/1.1 ${status} ${STATUS_CODES[status]}`),
      )
      expect(read.map(({ headers }) => headers.length)).toEqual(
        informational.map(({ headers }) => headers.length),
      )
    }),
    RUNS,
  )
  for (const framing of ['none', 'length', 'chunked', 'close'])
    expect(framings.get(framing)).toBeGreaterThan(30)
})

test('responses are passed on by a proxy', async () => {
  let raw: Buffer = Buffer.alloc(0)
  const { connect } = await memoryWorld({ answer: () => ({ raw, after: 'end' }) })
  await fc.assert(
    fc.asyncProperty(responses(), async ({ bytes, status, body }) => {
      raw = bytes
      const client = await connect()
      await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const response = await client.response()
      expect([response.status, response.complete]).toEqual([status, true])
      expect(response.body).toEqual(body ?? Buffer.alloc(0))
      await client.close()
    }),
    { ...RUNS, numRuns: 300 },
  )
})

test('responses shrink to 200 with a length of 0', () => {
  expect(printedCounterexample(responses(), () => false)).toBe(
    ["'HTTP/1.1 200 OK\\r\\n' +", "'Content-Length: 0\\r\\n' +", "'\\r\\n'"].join('\n'),
  )
  const several = ({ chunkSizes }: { chunkSizes: readonly number[] }) => chunkSizes.length > 1
  expect(printedCounterexample(responses(), (it) => !several(it))).toBe(
    [
      "'HTTP/1.1 200 OK\\r\\n' +",
      "'Transfer-Encoding: chunked\\r\\n' +",
      "'\\r\\n' +",
      "'1\\r\\n' +",
      "'a\\r\\n' +",
      "'1\\r\\n' +",
      "'a\\r\\n' +",
      "'0\\r\\n' +",
      "'\\r\\n'",
    ].join('\n'),
  )
})

test.each<[ResponseConstraints, string]>([
  [{ statuses: [] }, 'responses: "statuses" must be a list of at least one'],
  [{ statuses: [101] }, 'responses: "statuses" must be a whole number from 200 to 599, got 101'],
  [{ framings: ['none' as 'close'] }, 'responses: "framings" must be a list out of: length, chunked, close'],
  [{ maxInformational: 0.5 }, 'responses: "maxInformational" must be a whole number'],
  [{ status: 200 } as ResponseConstraints, 'did you mean "statuses"?'],
])('responses refuse %o', (constraints, message) => {
  expect(() => responses(constraints)).toThrow(message)
})
