import { expect, it } from 'vitest'
import { followHangups } from './follow-hangups.ts'

it('followHangups reloads at each SIGHUP until the proxy is closed, whatever becomes of the reload', async () => {
  const before = process.listenerCount('SIGHUP')
  let reloads = 0
  const status = { files: [], loadedAt: 0, reloads: 0, failure: undefined }
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  followHangups(
    { status, reload: () => (reloads++ === 0 ? Promise.resolve() : Promise.reject(new Error('broken'))) },
    closed,
  )
  process.emit('SIGHUP')
  process.emit('SIGHUP')
  expect(reloads).toBe(2)
  resolve()
  await closed
  expect(process.listenerCount('SIGHUP')).toBe(before)
})
