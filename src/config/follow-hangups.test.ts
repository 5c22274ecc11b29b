import { expect, it } from 'vitest'
import type { ConfigurationControl } from '../core/configuration-control.ts'
import { followHangups } from './follow-hangups.ts'

it('followHangups reloads at each SIGHUP until it is over, whatever becomes of the reload', async () => {
  const before = process.listenerCount('SIGHUP')
  const reloads = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let count = 0
  const control = Promise.withResolvers<ConfigurationControl>()
  const over = Promise.withResolvers<void>()
  followHangups(control.promise, over.promise)
  process.emit('SIGHUP')
  control.resolve({
    status: { files: [], loadedAt: 0, reloads: 0, failure: undefined },
    reload: () => {
      reloads[count++]!.resolve()
      return Promise.reject(new Error('broken'))
    },
  })
  await reloads[0]!.promise
  process.emit('SIGHUP')
  await reloads[1]!.promise
  over.resolve()
  await over.promise
  expect([process.listenerCount('SIGHUP'), count]).toEqual([before, 2])
})
