import { invalidOption } from './options.ts'

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
  throw notClient(owner, client, 'sendCommand or call')
}

/**
 * A `RedisClient` that takes bytes in commands, and gives texts as bytes. `sendCommand` is told so with every command, in the
 * way of node-redis: `typeMapping` has a `Buffer` for the type of a blob.
 */
export type RedisBytesClient =
  | { callBuffer(command: string, ...args: (string | Buffer)[]): Promise<unknown> }
  | { sendCommand(args: (string | Buffer)[], options: RedisBytesReplies): Promise<unknown> }
  | {
      sendCommand(
        firstKey: string,
        isReadonly: boolean,
        args: (string | Buffer)[],
        options: RedisBytesReplies,
      ): Promise<unknown>
      readonly masters: unknown
    }

/** Says that texts are wanted as bytes. */
export interface RedisBytesReplies {
  readonly typeMapping: { readonly 36: typeof Buffer }
}

/** Sends one command like `SendCommand`, with bytes both ways. */
export type SendBytesCommand = (key: string, args: (string | Buffer)[]) => Promise<unknown>

/** 36 is `$`, which a blob begins with in the protocol of Redis. */
const AS_BYTES: RedisBytesReplies = { typeMapping: { 36: Buffer } }

/** How commands with bytes are sent with a client. @throws `ERR_OPTION_INVALID` */
export function bytesCommandSender(owner: string, client: RedisBytesClient): SendBytesCommand {
  if (typeof client === 'object' && client !== null) {
    if ('callBuffer' in client && typeof client.callBuffer === 'function')
      return (_, [command, ...args]) => client.callBuffer(command as string, ...args)
    if ('sendCommand' in client && typeof client.sendCommand === 'function') {
      if ('masters' in client) return (key, args) => client.sendCommand(key, false, args, AS_BYTES)
      return (_, args) => client.sendCommand(args, AS_BYTES)
    }
  }
  throw notClient(owner, client, 'sendCommand or callBuffer')
}

function notClient(owner: string, client: unknown, methods: string): Error {
  return invalidOption(
    owner,
    'client',
    `a client of redis, ioredis or iovalkey: something with ${methods}`,
    client,
  )
}
