import { invalidOption } from '../../core/options.ts'

/**
 * What sends commands to Redis or Valkey. That is a client or a cluster client of `redis` (node-redis), of `ioredis` or of
 * `iovalkey`, or anything with such a method. It is connected, watched and closed by whoever has made it.
 */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> }
  | {
      sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
      readonly masters: unknown
    }

/** Sends one command. One of its arguments is the key, which says what node of a cluster it is for. */
export type SendCommand = (key: string, args: string[]) => Promise<unknown>

/** How commands are sent with a client. @throws `ERR_OPTION_INVALID` */
export function commandSender(owner: string, client: RedisClient): SendCommand {
  if (typeof client === 'object' && client !== null) {
    if ('call' in client && typeof client.call === 'function')
      return (_, [command, ...args]) => client.call(command!, ...args)
    if ('sendCommand' in client && typeof client.sendCommand === 'function') {
      if ('masters' in client) return (key, args) => client.sendCommand(key, false, args)
      return (_, args) => client.sendCommand(args)
    }
  }
  throw invalidOption(
    owner,
    'client',
    'a client of redis, ioredis or iovalkey: something with sendCommand or call',
    client,
  )
}
