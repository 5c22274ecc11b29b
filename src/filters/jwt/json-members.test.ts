import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasDuplicateMember } from './json-members.ts'

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":1}',
  '{"a" :1, "b":2,\n"a"\t:3}',
  '{"x":{"a":1,"a":2}}',
  '[{"a":[{"b":1,"b":2}]}]',
  '{"a":{},"a":[]}',
  '{"":1,"":2}',
  '{"__proto__":1,"__proto__":2}',
  '{"a\\"":1,"a\\"":2}',
])('hasDuplicateMember finds one in %s', (json) => {
  JSON.parse(json)
  expect(hasDuplicateMember(json)).toBe(true)
})

test.each([
  '{}',
  '"a"',
  '{"a":"a","b":"a"}',
  '["a","a",{"a":["a","a"]},{"a":1}]',
  '{"a":{"a":{"a":1}}}',
  '{"a":"\\"a\\":1,","b":"{\\"a\\":1,\\"a\\":2}"}',
  '{"a\\\\":1,"a":2}',
  '{"a":1,"A":2}',
])('hasDuplicateMember finds none in %s', (json) => {
  JSON.parse(json)
  expect(hasDuplicateMember(json)).toBe(false)
})

test('hasDuplicateMember finds none in what was written by JSON.stringify, and one where a member is written twice', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.nat(), (object, at) => {
      const json = JSON.stringify(object, null, at % 3)
      expect(hasDuplicateMember(json)).toBe(false)
      const names = Object.keys(object)
      const twice = `${json.slice(0, json.lastIndexOf('}'))},${JSON.stringify(names[at % names.length])}:0}`
      expect(hasDuplicateMember(twice)).toBe(true)
    }),
  )
})
