import { hash } from 'node:crypto'

/** A script in Lua that Redis runs as one step. */
export interface RedisScript {
  readonly text: string
  readonly sha: string
}

export function redisScript(text: string): RedisScript {
  return { text, sha: hash('sha1', text) }
}

/** Runs a script, and tells Redis its text only where it does not know it. The first key says what node of a cluster it is for. */
export async function runScript<Argument>(
  send: (key: string, command: (string | Argument)[]) => Promise<unknown>,
  { text, sha }: RedisScript,
  keys: readonly [string, ...string[]],
  args: readonly (string | Argument)[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await send(keys[0], ['EVALSHA', sha, ...rest])
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return send(keys[0], ['EVAL', text, ...rest])
  }
}
