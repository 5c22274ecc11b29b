import { expect, test } from 'vitest'
import { claimAt } from './claim-path.ts'

test.each<[readonly string[], unknown]>([
  [['a'], { b: ['c'] }],
  [['a', 'b'], ['c']],
  [['a', 'b', '0'], 'c'],
  [['https://x.example/a.b'], 'd'],
  [['a', 'x'], undefined],
  [['a', 'b', '0', 'length'], undefined],
  [['none', 'x'], undefined],
  [['toString'], undefined],
  [['__proto__'], undefined],
])('claimAt follows %j', (path, value) => {
  expect(claimAt({ a: { b: ['c'] }, 'https://x.example/a.b': 'd', none: null }, path)).toEqual(value)
})
