import { describe, expect, it } from 'vitest'
import { LabelSet } from './label-set.ts'

const text = (value: string) => new LabelSet(['a'], [value]).text

describe('LabelSet', () => {
  it('writes names and values as they stand between the braces', () => {
    expect(new LabelSet(['route', 'code'], ['/users/:id', '200']).text).toBe('route="/users/:id",code="200"')
    expect(new LabelSet([], []).text).toBe('')
  })

  it.each([
    ['a quote', 'a"b', 'a\\"b'],
    ['a backslash', 'a\\b', 'a\\\\b'],
    ['a line feed', 'a\nb', 'a\\nb'],
    ['a backslash before a letter n', 'a\\nb', 'a\\\\nb'],
    ['what would end the value and begin another series', 'x"} 1\nevil{a="', 'x\\"} 1\\nevil{a=\\"'],
  ])('escapes %s', (_, value, escaped) => {
    expect(text(value)).toBe(`a="${escaped}"`)
  })

  it('has no controls, and no half characters', () => {
    expect(text('a\0b\rc\td\x7f')).toBe('a="a\ufffdb\ufffdc\ufffdd\ufffd"')
    expect(text('a\ud800b')).toBe('a="a\ufffdb"')
    expect(text('😀')).toBe('a="😀"')
  })

  it('has short values, whole characters at their end', () => {
    expect(text('x'.repeat(512))).toBe(`a="${'x'.repeat(512)}"`)
    expect(text('x'.repeat(10_000))).toBe(`a="${'x'.repeat(512)}…"`)
    expect(text(`${'x'.repeat(511)}😀`)).toBe(`a="${'x'.repeat(511)}\ufffd…"`)
  })
})
