import { expect, it } from 'vitest'
import { ReceiveWindow } from './receive-window.ts'

it('ReceiveWindow is given back in halves, and never more than was taken', () => {
  const window = new ReceiveWindow(100)
  expect([window.take(60), window.give(49), window.give(1), window.take(90)]).toEqual([true, 0, 50, true])
  // 60 and 90 came, and 50 may come again: all is used up.
  expect([window.take(0), window.take(1)]).toEqual([true, false])
})
