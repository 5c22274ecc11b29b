import { describe, expect, it } from 'vitest'
import { BodyBudget } from './body-budget.ts'
import { BodyCopy } from './overheard.ts'

const text = (value: string): Buffer => Buffer.from(value)

describe('BodyCopy', () => {
  it('copies what it keeps', () => {
    const copy = new BodyCopy(10, new BodyBudget(100))
    const chunk = text('abc')
    copy.add(chunk)
    chunk.fill('x')
    expect(copy.shown(10)).toEqual({ bytes: 3, cut: false, text: 'abc' })
  })

  it('takes no more than the budget has left, and nothing behind a gap', () => {
    const budget = new BodyBudget(5)
    const first = new BodyCopy(10, budget)
    first.add(text('abcd'))
    const second = new BodyCopy(10, budget)
    second.add(text('12345'))
    first.release()
    second.add(text('6'))
    expect(second.shown(10)).toEqual({ bytes: 6, cut: true, text: '1' })
    expect(budget.left).toBe(4)
    second.release()
    second.release()
    expect(budget.left).toBe(5)
  })

  it('is nothing where there was no body', () => {
    expect(new BodyCopy(10, new BodyBudget(5)).shown(10)).toBeUndefined()
  })
})
