import { proxy } from 'gatewright'
import { expect, test } from 'vitest'
import { channelPair } from '../../test/workers/fake-processes.ts'
import { drainSettings } from '../proxy/drain-options.ts'
import type { Described } from '../proxy/running-proxy.ts'
import { CONTROL, type WorkerOrder, type WorkerReport } from './control-messages.ts'
import { heedOrders } from './heed-orders.ts'

/** A worker that is told something, and what it does and reports. */
function worker(load?: () => Promise<Described>) {
  const [supervisor, channel] = channelPair()
  const done: unknown[] = []
  const reports: WorkerReport[] = []
  const two = Promise.withResolvers<void>()
  supervisor.listen(CONTROL, (report) => {
    if (reports.push(report as WorkerReport) === 2) two.resolve()
  })
  const running = {
    urls: ['http://127.0.0.1:80'],
    drain: async (settings: unknown) => void done.push(settings),
    close: async () => void done.push('close'),
    reload: async (app: unknown) => void done.push(app),
  }
  heedOrders(channel, running, load)
  const order = (it: WorkerOrder) => supervisor.send(CONTROL, it)
  return { order, done, reports, two: two.promise }
}

test('heedOrders says that the worker is alive, as often as it is asked', () => {
  const { order, reports } = worker()
  for (let i = 0; i < 2; i++) order({ kind: 'answer' })
  expect(reports).toEqual([{ kind: 'alive' }, { kind: 'alive' }])
})

test('heedOrders has the worker drain, and close', () => {
  const settings = drainSettings('test', { limitMs: '3s' })
  const { order, done } = worker()
  order({ kind: 'drain', settings })
  order({ kind: 'close' })
  expect(done).toEqual([settings, 'close'])
})

test('heedOrders has the worker serve what it reads again, and reports what kept it from that', async () => {
  const app = proxy()
  const loads = [() => Promise.resolve(app), () => Promise.reject(new Error('line 3'))]
  const { order, done, reports, two } = worker(() => loads.shift()!())
  order({ kind: 'reload', id: 1 })
  order({ kind: 'reload', id: 2 })
  await two
  const urls = ['http://127.0.0.1:80']
  expect([done, reports]).toEqual([
    [app],
    expect.arrayContaining([
      { kind: 'reloaded', id: 1, urls, error: undefined },
      { kind: 'reloaded', id: 2, urls, error: 'line 3' },
    ]),
  ])
})
