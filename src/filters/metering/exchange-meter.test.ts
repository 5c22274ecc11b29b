import { describe, expect, it, vi } from 'vitest'
import { exchange } from '../../testing/exchange.ts'
import { ExchangeFamilies } from './exchange-families.ts'
import { ExchangeMeter } from './exchange-meter.ts'

const MAX_LENGTH = 512

describe('ExchangeMeter', () => {
  it('keeps no name of a route that labels show otherwise: any number of them may be one series', () => {
    const families = new ExchangeFamilies(10, [1])
    const meter = new ExchangeMeter(families)
    const lookedUp = vi.spyOn(families.durations, 'of')
    const count = (route: string): void => {
      const at = exchange({ route })
      meter.began(at)
      at.finish()
    }
    for (let i = 0; i < 3; i++) count('/kept')
    expect(lookedUp).toHaveBeenCalledTimes(1)
    const long = `/${'x'.repeat(MAX_LENGTH)}`
    for (const route of [`${long}1`, `${long}2`, `${long}1`, '/\0', '/\u0001', '/\0']) count(route)
    expect(lookedUp).toHaveBeenCalledTimes(7)
    expect(Array.from(families.durations, ({ counts: [fast] }) => fast)).toEqual([3, 3, 3])
  })
})
