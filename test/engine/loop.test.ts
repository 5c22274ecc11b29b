import { expect, it } from 'vitest'
import { memoryWorld } from './memory-world.ts'

const passed = (times: number) =>
  `GET / HTTP/1.1\r\nHost: a\r\nVia: ${Array(times).fill('1.1 gatewright').join(', ')}\r\n\r\n`

it('a request that goes round in circles is refused before a connection is made for it', async () => {
  const { clock, service, outcomes, connect } = await memoryWorld()
  const from = await connect()
  for (let i = 0; i < 3; i++) {
    await from.send(passed(10))
    expect((await clock.until(from.response())).status).toBe(508)
  }
  expect([service.totalConnections, from.ended]).toEqual([0, false])
  expect(outcomes.map(({ error }) => error?.code)).toEqual(Array(3).fill('loop_detected'))
})

it('a connection to the service outlives requests that are refused', async () => {
  const { clock, service, connect } = await memoryWorld()
  const from = await connect()
  const statuses: number[] = []
  for (const times of [9, 10, 9, 11, 9]) {
    await from.send(passed(times))
    statuses.push((await clock.until(from.response())).status)
  }
  expect([statuses, service.totalConnections]).toEqual([[200, 508, 200, 508, 200], 1])
})
