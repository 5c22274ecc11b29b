import { expect, test } from 'vitest'
import { withoutStack } from './without-stack.ts'

test('withoutStack makes an error without a stack, and leaves others theirs', () => {
  expect(withoutStack(() => new Error('one')).stack).toBe('Error: one')
  expect(new Error('two').stack).toContain('without-stack.test.ts')
  expect(() =>
    withoutStack(() => {
      throw new Error('three')
    }),
  ).toThrow('three')
  expect(new Error('four').stack).toContain('without-stack.test.ts')
})
