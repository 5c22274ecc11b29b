import { lookup } from 'node:dns'
import { expect, test, vi } from 'vitest'
import { allowedLookup } from './allowed-lookup.ts'

type Answer = (error: Error | null, found: { address: string; family: number }[]) => void

const answers: Answer[] = []
vi.mock('node:dns', () => ({
  lookup: vi.fn((_hostname: string, _: unknown, answer: Answer) => answers.push(answer)),
}))

test('names that clients choose keep a few look-ups busy, however many they are', () => {
  const look = allowedLookup((address) => address !== '10.0.0.1')
  const told: string[] = []
  const ask = (name: string): void =>
    look(name, {}, (error, address) =>
      told.push(error === null ? JSON.stringify(address) : String(error.code)),
    )
  for (let i = 0; i < 1_100; i++) ask(`n${i}.evil.test`)
  const atOnce = vi.mocked(lookup).mock.calls.length
  expect(atOnce).toBeLessThan(10)
  expect([told.length, new Set(told)]).toEqual([100 - atOnce, new Set(['EAI_AGAIN'])])

  answers[0]!(null, [
    { address: '10.0.0.1', family: 4 },
    { address: '192.0.2.1', family: 4 },
  ])
  answers[1]!(null, [{ address: '10.0.0.1', family: 4 }])
  expect(told.slice(-2)).toEqual(['"192.0.2.1"', 'EADDRDENIED'])
})
