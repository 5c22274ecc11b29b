import type { Network } from '../../../core/network.ts'
import type { ChannelWires } from './channel-wires.ts'

/** A network whose hosts are workers: `wiresOf` gives the wires of the one that a host stands for. It listens as `outside` does. */
export function workerNetwork(
  outside: Network,
  wiresOf: (host: string) => ChannelWires | undefined,
): Network {
  return {
    ...(outside.tlsServer === undefined ? {} : { tlsServer: (settings) => outside.tlsServer!(settings) }),
    listen: (options, onWire) => outside.listen(options, onWire),
    connect: ({ host }, handler) => {
      let isCancelled = false
      queueMicrotask(() => {
        if (isCancelled) return
        const wires = wiresOf(host)
        if (wires !== undefined) handler.onConnect(wires.open())
        else
          handler.onConnectError(Object.assign(new Error('the worker has ended'), { code: 'ECONNREFUSED' }))
      })
      return {
        cancel: () => {
          isCancelled = true
        },
      }
    },
  }
}
