import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { RedisBytesClient } from '../core/redis-client.ts'
import { chunks, head } from '../testing/cache-store-checks.ts'
import type { CacheStore } from './cache-store.ts'
import { encodeHead } from './redis-head.ts'
import { type RedisStoreOptions, redisStore } from './redis-store.ts'

type Command = (string | Buffer)[]

/** A client of which the test says what becomes of each command. */
function pretended(answer: (command: Command) => unknown) {
  const commands: Command[] = []
  const sendCommand = async (command: Command): Promise<unknown> => {
    commands.push(command)
    return answer(command)
  }
  return { commands, sendCommand }
}

const never = () => new Promise(() => {})
/** More turns than anything here takes. */
const settle = async () => {
  for (let i = 0; i < 100; i++) await Promise.resolve()
}
const isPiece = (command: Command) => command.some((it) => Buffer.isBuffer(it) && it.byteLength > 200_000)

const OPERATIONS: Record<string, (store: CacheStore) => Promise<unknown>> = {
  find: (store) => store.find('k'),
  put: (store) => store.put('k', head(), chunks(Buffer.alloc(600_000), 50_000)),
  freshen: (store) => store.freshen('k', head(), head()),
  remove: (store) => store.remove('k'),
  clear: (store) => store.clear(),
  purged: (store) => store.purged!({ kind: 'tag', value: 'a', soft: false, time: 1, id: '1' }),
  purges: (store) => store.purges!(() => {}),
}

describe.each(Object.entries(OPERATIONS))('%s', (_, operation) => {
  test('ends when the store is closed, whatever the client does, and does not begin later', async () => {
    const client = pretended(never)
    const store = redisStore({ client })
    const running = operation(store)
    await settle()
    const sent = client.commands.length
    expect(sent).toBeGreaterThan(0)
    await Promise.all([store.close(), expect(running).rejects.toThrow('the store is closed')])
    await expect(operation(store)).rejects.toThrow('the store is closed')
    expect(client.commands).toHaveLength(sent)
  })

  test.each<[string, (command: Command) => unknown]>([
    ['rejects', () => Promise.reject(new Error('gone'))],
    ['throws', () => void fail()],
  ])('rejects where the client %s', async (_, answer) => {
    const store = redisStore({ client: { sendCommand: answer } as unknown as RedisBytesClient })
    await expect(operation(store)).rejects.toThrow('gone')
  })

  test.each([
    [undefined],
    [null],
    [5],
    [-1],
    [true],
    ['text'],
    [Buffer.from('bytes')],
    [{}],
    [[]],
    [[null, null]],
    [[1, 2, 3]],
    [['x', 'y', 'z']],
    [[Buffer.from('x'), Buffer.alloc(100)]],
    [[[], []]],
    [[['1-1', null]]],
    [[Buffer.alloc(22, 'a'), Buffer.from('1-1')]],
  ])('finds nothing and does not crash where Redis says %j', async (reply) => {
    const store = redisStore({ client: pretended(() => reply) })
    const outcome = await operation(store).catch((error: unknown) => error)
    if (!(outcome instanceof Error)) expect([undefined, true, []]).toContainEqual(outcome)
    await store.close()
  })
})

describe('a store in Redis', () => {
  test('ends the content that it was writing, and says why', async () => {
    let ended = false
    const content = async function* () {
      try {
        for (;;) yield Buffer.alloc(100_000)
      } finally {
        ended = true
      }
    }
    const store = redisStore({ client: pretended(() => Promise.reject(new Error('gone'))) })
    await expect(store.put('k', head(), content())).rejects.toThrow('gone')
    expect(ended).toBe(true)
  })

  test('has so many pieces on their way, and one of each content', async () => {
    const settling: (() => void)[] = []
    const client = pretended((command) =>
      isPiece(command) ? new Promise<void>((resolve) => settling.push(resolve)) : Buffer.alloc(22, 'a'),
    )
    const store = redisStore({ client })
    let read = 0
    const content = async function* () {
      for (let i = 0; i < 10; i++, read++) yield Buffer.alloc(262_144)
    }
    const writing = Array.from({ length: 40 }, (_, i) =>
      store.put(`k${i}`, head(), content()).catch(() => {}),
    )
    await settle()
    expect(client.commands.filter(isPiece)).toHaveLength(32)
    // One on its way, and one that waits for it.
    expect(read).toBe(40)
    settling.shift()!()
    await settle()
    expect(client.commands.filter(isPiece)).toHaveLength(33)
    await store.close()
    await Promise.all(writing)
    for (const done of settling) done()
    await settle()
    expect(client.commands.filter(isPiece)).toHaveLength(33)
  })

  test('reads one piece ahead of its reader, and no more when that leaves', async () => {
    const [id, epoch] = [Buffer.alloc(22, 'i'), Buffer.alloc(22, 'e')]
    const client = pretended((command) => {
      if (command[0] === 'HGET') return command[2] === '2' ? never() : pieceOf(String(id), String(command[2]))
      if (command[2] === '2') return [epoch, null]
      const written = { key: 'k', head: head(), length: 9_000_000, id: String(id), epoch: String(epoch) }
      return [hash('sha256', '', 'base64url').slice(0, 22), encodeHead(written)]
    })
    const asked = () => client.commands.filter(([name]) => name === 'HGET').map((it) => it[2])
    const store = redisStore({ client })
    const [found] = await store.find('k')
    const reading = found!.read(300_000)[Symbol.asyncIterator]()
    const { value } = await reading.next()
    await settle()
    expect([value?.byteLength, asked()]).toEqual([2 * 262_144 - 300_000, ['1', '2']])
    await reading.return!()
    expect(asked()).toEqual(['1', '2'])
    const late = found!.read()[Symbol.asyncIterator]()
    await late.next()
    await settle()
    await store.close()
    // What has come already is given.
    await late.next()
    await expect(late.next()).rejects.toThrow('the store is closed')
  })

  test('does not read records without an end', async () => {
    const page = Array.from({ length: 200 }, () => [Buffer.from('1-1'), []])
    const store = redisStore({ client: pretended(() => page) })
    await expect(store.purges!(() => {})).rejects.toThrow('something else than records')
  })

  test('sends to clients of each kind in their way', async () => {
    const sent: unknown[] = []
    const answer = async (...command: unknown[]): Promise<unknown> => {
      sent.push(command)
      return []
    }
    const clients: RedisBytesClient[] = [
      { sendCommand: (args: Command, options: object) => answer('node-redis', args[0], options) },
      { callBuffer: (command: string, ...args: Command) => answer('ioredis', command, args[1]) },
      {
        masters: [],
        sendCommand: (key: string, readonly: boolean, args: Command, options: object) =>
          answer('cluster', args[0], readonly, key === args[3], options),
      },
    ]
    for (const client of clients) await redisStore({ client }).remove('k')
    expect(sent).toEqual([
      ['node-redis', 'EVALSHA', { typeMapping: { 36: Buffer } }],
      ['ioredis', 'EVALSHA', '1'],
      ['cluster', 'EVALSHA', false, true, { typeMapping: { 36: Buffer } }],
    ])
  })

  const client = pretended(never)
  test.each<[string, object]>([
    ['client', {}],
    ['client', { client: null }],
    ['client', { client: { call: () => {} } }],
    ['subscriber', { client, subscriber: {} }],
    ['subscriber', { client, subscriber: null }],
    ['prefix', { client, prefix: 'a{b}' }],
    ['keepMs', { client, keepMs: 0 }],
    ['keepMs', { client, keepMs: '400d' }],
    ['maxEntryBytes', { client, maxEntryBytes: 0 }],
    ['url', { client, url: 'redis://a' }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => redisStore(options as RedisStoreOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})

function pieceOf(id: string, number: string): Buffer {
  const piece = Buffer.alloc(4 + 262_144)
  piece.writeUInt32LE(crc32(piece.subarray(4), crc32(`${id}:${number}`)), 0)
  return piece
}

function fail(): never {
  throw new Error('gone')
}
