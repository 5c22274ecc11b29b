import { lookup } from 'node:dns'
import { expect, test, vi } from 'vitest'
import { sharedLookup } from './shared-lookup.ts'

type Answer = (error: Error | null, address: string, family: number) => void

const asked: { hostname: string; answer: Answer }[] = []
vi.mock('node:dns', () => ({
  lookup: vi.fn((hostname: string, _: unknown, answer: Answer) => asked.push({ hostname, answer })),
}))

const told: string[] = []
function ask(who: string, hostname: string, options = {}): void {
  sharedLookup(hostname, options, (error, address) =>
    told.push(`${who} ${error?.message ?? JSON.stringify(address)}`),
  )
}

test('one look-up serves all who ask the same while it is under way', () => {
  ask('one', 'service')
  ask('two', 'service')
  ask('other name', 'another')
  ask('other options', 'service', { family: 6 })
  expect(asked.map(({ hostname }) => hostname)).toEqual(['service', 'another', 'service'])

  asked[0]!.answer(null, '10.0.0.1', 4)
  expect(told).toEqual(['one "10.0.0.1"', 'two "10.0.0.1"'])

  ask('later', 'service')
  expect(lookup).toHaveBeenCalledTimes(4)
  asked[3]!.answer(new Error('ENOTFOUND'), '', 0)
  expect(told.at(-1)).toBe('later ENOTFOUND')
})
