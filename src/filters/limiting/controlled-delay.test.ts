import { expect, it } from 'vitest'
import { ControlledDelay } from './controlled-delay.ts'

it('ControlledDelay is patient until the queue has not been empty for the interval', () => {
  const delay = new ControlledDelay(1_000, 5, 100)
  expect(delay.patienceMs(0)).toBe(1_000)
  delay.joined(0)
  delay.joined(90)
  expect([delay.overloaded(99), delay.patienceMs(99)]).toEqual([false, 1_000])
  expect([delay.overloaded(100), delay.patienceMs(100)]).toEqual([true, 5])
})

it('ControlledDelay begins anew when the queue was empty', () => {
  const delay = new ControlledDelay(1_000, 5, 100)
  delay.joined(0)
  delay.emptied()
  expect(delay.overloaded(200)).toBe(false)
  delay.joined(200)
  expect(delay.overloaded(299)).toBe(false)
  expect(delay.overloaded(300)).toBe(true)
})

it('ControlledDelay calls those overdue who have waited longer than the interval, under overload alone', () => {
  const delay = new ControlledDelay(1_000, 5, 100)
  expect(delay.overdue(500, 500)).toBe(false)
  delay.joined(0)
  expect([delay.overdue(100, 150), delay.overdue(101, 150)]).toEqual([false, true])
  const patient = new ControlledDelay(1_000, 1_000, 100)
  patient.joined(0)
  expect([patient.overdue(500, 500), patient.patienceMs(500)]).toEqual([false, 1_000])
})

it('ControlledDelay never lets one wait longer under overload than without', () => {
  const delay = new ControlledDelay(3, 5, 100)
  delay.joined(0)
  expect(delay.patienceMs(200)).toBe(3)
})
