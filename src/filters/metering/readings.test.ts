import { describe, expect, it } from 'vitest'
import type { Put } from './readings.ts'
import { Readings } from './readings.ts'

function readings(read: (put: Put) => void, max = 10): Readings {
  return new Readings({ type: 'gauge', name: 'n', help: 'h', labels: ['a', 'b'] }, max, read)
}

const shown = (it: Readings): string[] =>
  Array.from(it.series(), ({ labels, value }) => `${labels.text} ${value}`)

describe('Readings', () => {
  it('has one value of labels that are written alike, and others of those that only look alike together', () => {
    const long = 'x'.repeat(600)
    const all = readings((put) => {
      put(1, 'a', 'b')
      put(2, 'a', 'b')
      put(3, `${long}1`, '\0')
      put(4, `${long}2`, '\u0001')
      put(5, 'a\0', 'b')
      put(6, 'a', '\0b')
      put(7, 'a","b', '')
    })
    expect(shown(all)).toEqual([
      'a="a",b="b" 3',
      `a="${'x'.repeat(512)}…",b="\ufffd" 7`,
      'a="a\ufffd",b="b" 5',
      'a="a",b="\ufffdb" 6',
      'a="a\\",\\"b",b="" 7',
    ])
  })

  it('leaves out what has no room, and counts it', () => {
    const all = readings((put) => {
      for (let i = 0; i < 5; i++) put(i, String(i), '')
      put(7, '0', '')
    }, 2)
    expect([shown(all), all.overflowed]).toEqual([['a="0",b="" 7', 'a="1",b="" 1'], 3])
  })

  it('makes nothing of what is read before it is asked for, and has all of one moment', () => {
    let value = 1
    const all = readings((put) => {
      put(value, 'a', '')
      put(value, 'b', '')
    })
    const series = all.series()[Symbol.iterator]()
    expect(series.next().value?.value).toBe(1)
    value = 2
    expect(series.next().value?.value).toBe(1)
  })
})
