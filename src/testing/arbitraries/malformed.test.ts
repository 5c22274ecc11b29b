import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryWorld } from '../../../test/engine/memory-world.ts'
import { printedCounterexample } from '../../../test/http1/counterexample.ts'
import { BODY_FLAWS } from './flaws.ts'
import { malformedRequests, REQUEST_FLAWS, type RequestFlaw } from './malformed-requests.ts'
import { malformedResponses, RESPONSE_FLAWS } from './malformed-responses.ts'

const RUNS = { numRuns: 40, seed: 13 }

/** Flaws that another status than 400 fits, too. */
const MORE: Partial<Record<RequestFlaw, readonly number[]>> = {
  'version that does not exist': [400, 505],
}

describe('malformedRequests', () => {
  test.each(REQUEST_FLAWS)('makes requests that a proxy refuses: %s', async (flaw) => {
    const { connect, service, clock } = await memoryWorld()
    await fc.assert(
      fc.asyncProperty(malformedRequests({ flaws: [flaw] }), async ({ bytes }) => {
        const client = await connect()
        // What follows would be answered if the proxy had lost its place.
        await client.send(Buffer.concat([bytes, Buffer.from('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')]))
        const answers =
          (await clock.until(client.readToEnd())).toString('latin1').match(/HTTP\/1\.1 \d+/g) ?? []
        expect(answers).toHaveLength(1)
        expect(MORE[flaw] ?? [400]).toContain(Number(answers[0]!.slice(9)))
        await client.close()
      }),
      RUNS,
    )
    expect(service.requests.filter(({ complete }) => complete)).toEqual([])
  })

  test('shrinks to the shortest request that has the flaw', () => {
    expect(printedCounterexample(malformedRequests({ flaws: ['no Host'] }), () => false)).toBe(
      ['// no Host', "'GET / HTTP/1.1\\r\\n' +", "'\\r\\n'"].join('\n'),
    )
    expect(printedCounterexample(malformedRequests({ flaws: ['length and chunked'] }), () => false)).toBe(
      [
        '// length and chunked',
        "'GET / HTTP/1.1\\r\\n' +",
        "'Content-Length: 0\\r\\n' +",
        "'Host: a\\r\\n' +",
        "'Transfer-Encoding: chunked\\r\\n' +",
        "'\\r\\n' +",
        "'0\\r\\n' +",
        "'\\r\\n'",
      ].join('\n'),
    )
  })

  test('makes every flaw, and none that it does not know', () => {
    const flaws = new Set(fc.sample(malformedRequests(), { numRuns: 2000, seed: 1 }).map(({ flaw }) => flaw))
    expect(flaws).toEqual(new Set(REQUEST_FLAWS))
    expect(() => malformedRequests({ flaws: ['two heads' as 'no Host'] })).toThrow(
      'malformedRequests: "flaws" must be a list out of: bare LF in head',
    )
    expect(() => malformedRequests({ methods: [] })).toThrow('malformedRequests: "methods" must be')
  })
})

describe('malformedResponses', () => {
  test.each(RESPONSE_FLAWS)('makes responses that a proxy refuses: %s', async (flaw) => {
    let raw: Buffer = Buffer.alloc(0)
    const { connect, outcomes } = await memoryWorld({ answer: () => ({ raw, after: 'end' }) })
    await fc.assert(
      fc.asyncProperty(malformedResponses({ flaws: [flaw] }), async ({ bytes }) => {
        raw = bytes
        const client = await connect()
        await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        const { status, complete } = await client.response()
        if (status !== 502) expect([flaw in BODY_FLAWS, complete]).toEqual([true, false])
        expect(outcomes.at(-1)!.error?.code).toBe('upstream_response_malformed')
        await client.close()
      }),
      RUNS,
    )
  })

  test('makes every flaw', () => {
    const flaws = new Set(fc.sample(malformedResponses(), { numRuns: 2000, seed: 1 }).map(({ flaw }) => flaw))
    expect(flaws).toEqual(new Set(RESPONSE_FLAWS))
    expect(() => malformedResponses({ flaws: [] })).toThrow('a list of at least one')
  })
})
