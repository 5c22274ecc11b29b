import { existsSync, readFileSync } from 'node:fs'
import { Body, type Filter, ResponseMessage } from 'gatewright'
import { cache } from 'gatewright/cache'
import { describe, expect, test } from 'vitest'
import { CONFORMANCE_PAGE, conformancePage } from '../../../scripts/conformance-page.ts'
import { ROOT } from '../../source-scan.ts'
import { allCases } from './all-cases.ts'
import type { CacheCase, Step } from './case.ts'
import { runCase } from './run-case.ts'
import { SECTIONS } from './sections.ts'

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

  test('are of sections that are listed, and there is one for each, or a reason', () => {
    const listed = SECTIONS.map(({ rfc }) => rfc)
    expect(repeated(listed)).toEqual([])
    expect(cases.filter(({ rfc }) => !listed.includes(rfc)).map(({ id, rfc }) => `${id}: ${rfc}`)).toEqual([])
    const wrong = SECTIONS.filter(
      ({ rfc, without }) => cases.some((it) => it.rfc === rfc) === (without !== undefined),
    )
    expect(wrong).toEqual([])
  })

  test('of the same requirement have the same level', () => {
    const levels = Map.groupBy(cases, ({ rfc, requires }) => `${rfc}: ${requires}`)
    const mixed = [...levels].filter(([, all]) => new Set(all.map(({ level }) => level)).size > 1)
    expect(mixed.map(([requirement]) => requirement)).toEqual([])
  })

  test('are on their page', async () => {
    const page = existsSync(ROOT + CONFORMANCE_PAGE) ? readFileSync(ROOT + CONFORMANCE_PAGE, 'utf8') : ''
    expect(page === (await conformancePage()), 'npm run docs').toBe(true)
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
