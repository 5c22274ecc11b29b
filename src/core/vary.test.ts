import { expect, test } from 'vitest'
import { HeaderList } from './headers.ts'
import { addVary } from './vary.ts'

test.each([
  [[], ['Origin']],
  [['Accept'], ['Accept', 'Origin']],
  [['Accept, origin'], ['Accept, origin']],
  [
    ['Accept', 'ORIGIN'],
    ['Accept', 'ORIGIN'],
  ],
  [['*'], ['*']],
  [['Accept, *'], ['Accept, *']],
  [['X-Origin'], ['X-Origin', 'Origin']],
])('addVary of Origin makes of %j: %j', (before, after) => {
  const headers = HeaderList.from({ Vary: before })
  addVary(headers, 'Origin')
  addVary(headers, 'Origin')
  expect(headers.getAll('vary')).toEqual(after)
})
