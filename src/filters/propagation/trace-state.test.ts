import { describe, expect, it } from 'vitest'
import { KeptTraceState, normalTraceState } from './trace-state.ts'

const members = (count: number, of: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => of(i)).join(',')

describe('normalTraceState', () => {
  it.each([
    [['congo=t61rcWkgMzE'], 'congo=t61rcWkgMzE'],
    [['rojo=1', 'congo=2'], 'rojo=1,congo=2'],
    [['rojo=1 ,\t congo=2'], 'rojo=1,congo=2'],
    [[',, ,a=1,'], 'a=1'],
    [['0tenant@system=a b'], '0tenant@system=a b'],
    [['a=  leading'], 'a=  leading'],
    [[members(32, (i) => `k${i}=v`)], members(32, (i) => `k${i}=v`)],
  ])('gives one line of %j', (lines, line) => {
    expect(normalTraceState(lines)).toBe(line)
  })

  it.each([
    [[]],
    [['']],
    [[' , ']],
    [['a']],
    [['=1']],
    [['a=']],
    [['A=1']],
    [['a b=1']],
    [['a=1=2']],
    [['a=caf\u00e9']],
    [['a=1,a=2']],
    [['a=1', 'a=1']],
    [[`${'k'.repeat(257)}=1`]],
    [[`k=${'v'.repeat(257)}`]],
    [[members(33, (i) => `k${i}=v`)]],
    [['good=1,bad']],
  ])('gives nothing of %j', (lines) => {
    expect(normalTraceState(lines)).toBeUndefined()
  })

  it('leaves out long members first where all together are too long, and the last ones then', () => {
    const long = `long=${'x'.repeat(200)}`
    const short = (i: number): string => `s${i}=${'y'.repeat(90)}`
    expect(normalTraceState([`${long},${members(4, short)}`])).toBe(members(4, short))
    expect(normalTraceState([members(7, short)])).toBe(members(5, short))
    expect(normalTraceState([`a=1,${long},b=${'z'.repeat(150)},c=${'z'.repeat(200)}`])).toBe(
      `a=1,${long},b=${'z'.repeat(150)}`,
    )
  })
})

describe('KeptTraceState', () => {
  it('is as it was sent until a sampler adds to it', () => {
    const state = new KeptTraceState('a=1,b=2')
    expect([state.serialize(), state.get('b'), state.get('c')]).toEqual(['a=1,b=2', '2', undefined])
    expect(state.set('c', '3').serialize()).toBe('c=3,a=1,b=2')
    expect(state.unset('a').serialize()).toBe('b=2')
    expect(state.serialize()).toBe('a=1,b=2')
  })
})
