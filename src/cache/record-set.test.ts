import { expect, test } from 'vitest'
import type { PurgeRecord } from './purge-record.ts'
import { checkLength, RecordSet } from './record-set.ts'

const purge = (id: string, part: Partial<PurgeRecord> = {}): PurgeRecord => ({
  kind: 'tag',
  value: `tag ${id}`,
  soft: false,
  time: 0,
  id,
  ...part,
})

function setOf(records: readonly PurgeRecord[]): RecordSet {
  const set = new RecordSet()
  for (const record of records) set.add(record)
  return set
}

test('RecordSet has one record about each thing, of the latest time', () => {
  const set = setOf([
    purge('1', { value: 'a', time: 5 }),
    purge('2', { value: 'a', kind: 'pattern' }),
    purge('3', { value: 'a', time: 3 }),
    purge('4', { value: 'a', soft: true, time: 9 }),
  ])
  expect([...set]).toEqual([
    purge('2', { value: 'a', kind: 'pattern' }),
    purge('3', { value: 'a', time: 5 }),
    purge('4', { value: 'a', soft: true, time: 9 }),
  ])
})

test.each<[string, readonly PurgeRecord[]]>([
  ['number', Array.from({ length: 20_000 }, (_, i) => purge(String(i), { time: i, soft: i !== 5 }))],
  [
    'length',
    Array.from({ length: 900 }, (_, i) => purge(String(i), { value: String(i).padEnd(8_000), time: i })),
  ],
])('RecordSet has so many records, by their %s, and loses none', (_, records) => {
  const set = setOf(records)
  expect(set.size).toBeLessThanOrEqual(4_096)
  expect([...set].reduce((sum, { value }) => sum + value.length, 0)).toBeLessThanOrEqual(1_048_576)
  const everything = [...set].find(({ kind }) => kind === 'everything')!
  expect(everything.soft).toBe(false)
  const ids = new Set([...set].map(({ id }) => id))
  expect(records.filter(({ id, time }) => !ids.has(id) && time > everything.time)).toEqual([])
  expect(ids.size).toBeGreaterThan(60)
})

test('RecordSet makes of soft records a soft one', () => {
  const set = setOf(Array.from({ length: 5_000 }, (_, i) => purge(String(i), { soft: true, time: i })))
  expect([...set].find(({ kind }) => kind === 'everything')).toMatchObject({
    soft: true,
    time: 2_048,
    value: '',
  })
})

test('checkLength refuses what is too long', () => {
  checkLength(purge('1', { value: 'x'.repeat(8_192) }))
  expect(() => checkLength(purge('1', { value: 'x'.repeat(8_193) }))).toThrow(RangeError)
})
