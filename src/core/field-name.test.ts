import { expect, it } from 'vitest'
import { fieldName, knownFieldName } from './field-name.ts'

it('a name of up to 64 characters is one object, whoever asks', () => {
  for (const name of ['X-Seen-In-This-Test', `X-${'a'.repeat(62)}`, 'Content-Length']) {
    expect(fieldName(name)).toBe(fieldName(name))
    expect(knownFieldName(name)).toBe(fieldName(name))
  }
})

it('a longer name is not kept: nobody uses it, and many of them would be much memory', () => {
  const name = `X-${'a'.repeat(63)}`
  const made = fieldName(name)
  expect(made).toEqual({ wire: name, lower: name.toLowerCase(), kind: fieldName('X-Ordinary').kind })
  expect(fieldName(name)).not.toBe(made)
  expect(knownFieldName(name)).toBeUndefined()
})
