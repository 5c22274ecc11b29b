import { expect, test } from 'vitest'
import { ServerNames } from './server-names.ts'

const names = new ServerNames<string>()
for (const name of ['example.com', '*.example.com', 'www.example.com', '*.a.example.com', 'localhost'])
  names.add(name, name)

test.each([
  ['example.com', 'example.com'],
  ['EXAMPLE.com', 'example.com'],
  ['www.example.com', 'www.example.com'],
  ['shop.example.com', '*.example.com'],
  ['Shop.Example.Com', '*.example.com'],
  ['a.example.com', '*.example.com'],
  ['b.a.example.com', '*.a.example.com'],
  // A wildcard stands for one label, neither more nor fewer.
  ['c.b.example.com', undefined],
  ['c.b.a.example.com', undefined],
  ['.example.com', undefined],
  ['example.org', undefined],
  ['com', undefined],
  ['', undefined],
  ['localhost', 'localhost'],
  ['x.localhost', undefined],
  ['*.example.com', '*.example.com'],
  ['__proto__', undefined],
])('the server name %s finds %s', (asked, found) => {
  expect(names.find(asked)).toBe(found)
})

test('the first who has a name keeps it', () => {
  const twice = new ServerNames<number>()
  twice.add('a.test', 1)
  twice.add('a.test', 2)
  twice.add('*.b.test', 3)
  twice.add('*.b.test', 4)
  expect([twice.find('a.test'), twice.find('x.b.test')]).toEqual([1, 3])
})
