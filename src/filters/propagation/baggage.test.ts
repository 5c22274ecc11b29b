import { describe, expect, it } from 'vitest'
import { baggageEntries, normalBaggage } from './baggage.ts'

describe('normalBaggage', () => {
  it.each([
    [['userId=alice'], 'userId=alice'],
    [['userId =   alice', 'node = DF%2028 , ok=1'], 'userId=alice,node=DF%2028,ok=1'],
    [['a=1 ; p ; q = 2'], 'a=1;p;q=2'],
    [['a=,b=='], 'a=,b=='],
    [['a=1,a=2'], 'a=1,a=2'],
    [['a=1,bad,b=2'], 'a=1,b=2'],
    [['a=x y,b="q",c=1;;,d=\u00e9,e=1'], 'e=1'],
    [['=1,,a=1'], 'a=1'],
  ])('gives one line of %j', (lines, line) => {
    expect(normalBaggage(lines)).toBe(line)
  })

  it('gives nothing where nothing is left', () => {
    expect(normalBaggage([])).toBeUndefined()
    expect(normalBaggage(['bad', ' '])).toBeUndefined()
  })

  it('has 64 members at most', () => {
    const line = Array.from({ length: 70 }, (_, i) => `k${i}=v`).join(',')
    expect(normalBaggage([line])?.split(',')).toHaveLength(64)
  })

  it('has 8192 bytes at most, of whole members', () => {
    const member = (name: string, length: number): string => `${name}=${'v'.repeat(length - name.length - 1)}`
    expect(normalBaggage([member('a', 8_191)])).toHaveLength(8_191)
    expect(normalBaggage([`${member('a', 4_000)},${member('b', 5_000)},${member('c', 4_000)}`])).toBe(
      `${member('a', 4_000)},${member('c', 4_000)}`,
    )
  })
})

describe('baggageEntries', () => {
  it('decodes values, and leaves out those that cannot be', () => {
    const entries = baggageEntries('node=DF%2028;p=1,bad=%E0%A4%A,__proto__=x,e=a=b')
    expect(Object.entries(entries).map(([key, { value }]) => [key, value])).toEqual([
      ['node', 'DF 28'],
      ['__proto__', 'x'],
      ['e', 'a=b'],
    ])
    expect(entries.node?.metadata?.toString()).toBe('p=1')
  })
})
