import { log } from '../core/log.ts'
import type { RunningProxy } from '../proxy/running-proxy.ts'
import type { Channel } from './channel.ts'
import { CONTROL, type WorkerOrder, type WorkerReport } from './control-messages.ts'
import type { WorkersSettings } from './workers-options.ts'

/** What a worker is told to do something with. */
export type Ordered = Pick<RunningProxy, 'drain' | 'close' | 'reload' | 'urls'>

/** Has a worker do what its supervisor says. */
export function heedOrders(channel: Channel, running: Ordered, load: WorkersSettings['load']): void {
  const report = (message: WorkerReport): void => {
    channel.send(CONTROL, message)
  }
  channel.listen(CONTROL, (message) => {
    const order = message as WorkerOrder
    if (order.kind === 'drain') ending(running.drain(order.settings))
    else if (order.kind === 'close') ending(running.close())
    else if (order.kind === 'answer') report({ kind: 'alive' })
    else if (order.kind === 'reload')
      void reloaded(running, load).then((error) =>
        report({ kind: 'reloaded', id: order.id, urls: running.urls, error }),
      )
  })
}

/** An end that fails is told of, and is one all the same. */
export function ending(end: Promise<void>): void {
  end.catch((error: unknown) => {
    log.error('could not close', error)
    process.exitCode = 1
  })
}

/** What kept it from serving what it has read anew. */
async function reloaded(running: Ordered, load: WorkersSettings['load']): Promise<string | undefined> {
  try {
    if (load === undefined) throw new Error('there is nothing to read again')
    await running.reload(await load())
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
