import type { BoundListener, Network } from '../../../core/network.ts'
import type { Channel } from '../../channel.ts'
import { ChannelWires } from './channel-wires.ts'

/**
 * Where what goes with a worker's proxy listens: it accepts what the supervisor opens over the channel, and nobody else reaches
 * it. It listens once at a time, whatever the address, and connects to nothing.
 */
export function companionNetwork(channel: Channel): Network {
  const wires = new ChannelWires(channel)
  return {
    connect: (_, handler) => {
      let isCancelled = false
      queueMicrotask(() => {
        if (!isCancelled) handler.onConnectError(systemError('ECONNREFUSED', 'only the supervisor connects'))
      })
      return {
        cancel: () => {
          isCancelled = true
        },
      }
    },
    listen: async ({ host, port }, onWire) => {
      if (wires.onWire !== undefined) throw systemError('EADDRINUSE', 'the supervisor is listened to already')
      wires.onWire = onWire
      const stop = (): void => {
        if (wires.onWire === onWire) wires.onWire = undefined
      }
      return {
        address: { address: host, port },
        close: async () => stop(),
        destroy: stop,
      } satisfies BoundListener
    },
  }
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
