import { describe, expect, test } from 'vitest'
import { DynamicTable } from './dynamic-table.ts'

interface Entry {
  readonly size: number
  readonly name: string
}

const entry = (name: string, size: number = 10): Entry => ({ name, size })
const namesOf = (table: DynamicTable<Entry>): string[] =>
  Array.from({ length: table.count }, (_, age) => table.at(age)!.name)

describe('DynamicTable', () => {
  test('has the newest entry first, and evicts the oldest', () => {
    const evicted: string[] = []
    const table = new DynamicTable<Entry>(30, ({ name }) => evicted.push(name))
    for (const name of ['a', 'b', 'c']) expect(table.add(entry(name))).toBe(true)
    expect([namesOf(table), evicted]).toEqual([['c', 'b', 'a'], []])
    table.add(entry('d', 15))
    expect([namesOf(table), evicted, table.bytes]).toEqual([['d', 'c'], ['a', 'b'], 25])
    expect(table.at(2)).toBe(undefined)
  })

  test('is emptied by what does not fit at all', () => {
    const table = new DynamicTable<Entry>(30)
    table.add(entry('a'))
    expect([table.add(entry('b', 31)), table.count, table.bytes]).toEqual([false, 0, 0])
    expect([table.add(entry('c', 30)), namesOf(table)]).toEqual([true, ['c']])
  })

  test('evicts what a smaller capacity has no room for', () => {
    const table = new DynamicTable<Entry>(100)
    for (const name of 'abcdefghij') table.add(entry(name))
    table.capacity = 29
    expect([namesOf(table), table.bytes]).toEqual([['j', 'i'], 20])
    table.capacity = 0
    expect([table.count, table.bytes, table.add(entry('x'))]).toEqual([0, 0, false])
  })

  test('keeps the order however often its ring goes round and grows', () => {
    const table = new DynamicTable<Entry>(0)
    let expected: string[] = []
    for (let i = 0; i < 2000; i++) {
      if (i % 50 === 0) table.capacity = ((i * 37) % 900) + 1
      table.add(entry(String(i)))
      expected = [String(i), ...expected].slice(0, Math.floor(table.capacity / 10))
      expect(namesOf(table)).toEqual(expected)
    }
  })
})
