import type { LookupFunction } from 'node:net'
import { expect, test } from 'vitest'
import { boundedLookup } from './bounded-lookup.ts'

type Answer = Parameters<LookupFunction>[2]

/** A name service that answers when it is told to. */
function slow(atOnce: number, maxWaiting: number) {
  const asked: string[] = []
  const answers: Answer[] = []
  const told: string[] = []
  const lookup = boundedLookup(
    (hostname, _options, callback) => {
      asked.push(hostname)
      answers.push(callback)
    },
    atOnce,
    maxWaiting,
  )
  const ask = (hostname: string): void =>
    lookup(hostname, {}, (error, address) =>
      told.push(`${hostname} ${error === null ? JSON.stringify(address) : error.code}`),
    )
  return { asked, answers, told, ask }
}

test('looks up so many at once, and of those that wait the last one first', () => {
  const { asked, answers, told, ask } = slow(2, 10)
  for (const name of ['a', 'b', 'c', 'd']) ask(name)
  expect(asked).toEqual(['a', 'b'])
  answers[1]!(null, '192.0.2.2', 4)
  expect(asked).toEqual(['a', 'b', 'd'])
  answers[0]!(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), '')
  expect([asked, told]).toEqual([
    ['a', 'b', 'd', 'c'],
    ['b "192.0.2.2"', 'a ENOTFOUND'],
  ])
  answers[2]!(null, '192.0.2.4', 4)
  answers[3]!(null, '192.0.2.3', 4)
  ask('e')
  expect([asked.at(-1), told.slice(2)]).toEqual(['e', ['d "192.0.2.4"', 'c "192.0.2.3"']])
})

test('fails the one that has waited longest where too many do', () => {
  const { asked, answers, told, ask } = slow(1, 2)
  for (const name of ['a', 'b', 'c', 'd']) ask(name)
  expect([asked, told]).toEqual([['a'], ['b EAI_AGAIN']])
  answers[0]!(null, '192.0.2.1', 4)
  expect(asked).toEqual(['a', 'd'])
})
