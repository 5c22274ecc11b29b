import { Body, type Filter, ResponseMessage } from 'gatewright'
import { cache } from 'gatewright/cache'
import { describe, expect, test } from 'vitest'
import { allCases } from './all-cases.ts'
import type { CacheCase, Step } from './case.ts'
import { runCase } from './run-case.ts'

const cases = await allCases()
const built = cases.filter(({ until }) => until === undefined)

describe('the cache', () => {
  for (const it of cases) {
    const play = () => runCase(it, cache(it.options))
    const name = `${it.id} (${it.rfc}): ${it.requires}`
    if (it.until === undefined) test(name, play)
    else test.fails(`${name} - until: ${it.until}`, play)
  }
})

describe('the cases', () => {
  test('have an id each', () => {
    expect(repeated(cases.map(({ id }) => id))).toEqual([])
  })

  test('fail without a cache, where one has to answer', async () => {
    const passed = await passing(built.filter(expectsHit), passOn)
    expect(passed).toEqual([])
  })

  test('fail with a cache that knows no rules, where none has to answer', async () => {
    const passed = await passing(
      built.filter((it) => !expectsHit(it)),
      keepEverything,
    )
    expect(passed).toEqual([])
  })
})

function repeated(ids: readonly string[]): string[] {
  return ids.filter((id, i) => ids.indexOf(id) !== i)
}

function expectsHit({ steps }: CacheCase): boolean {
  return steps.some(isHit)
}

function isHit(step: Step): boolean {
  return 'request' in step && step.expect.asked === false
}

/** The ids of those that pass though the proxy has this filter in place of the cache. */
async function passing(some: readonly CacheCase[], filter: () => Filter): Promise<string[]> {
  const passed: string[] = []
  for (const it of some) {
    try {
      await runCase(it, filter())
      passed.push(it.id)
    } catch {}
  }
  return passed
}

function passOn(): Filter {
  return (exchange, next) => next(exchange)
}

/** Answers each request with the first answer that there was, whatever it was and whatever is asked for. */
function keepEverything(): Filter {
  let kept: { response: ResponseMessage; body: Uint8Array } | undefined
  return async (exchange, next) => {
    if (kept === undefined) {
      const response = await next(exchange)
      kept = { response, body: await response.body.buffer() }
    }
    const { status, headers } = kept.response
    return new ResponseMessage(status, headers.clone(), Body.from(kept.body))
  }
}
