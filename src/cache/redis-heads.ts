import { hash } from 'node:crypto'
import { redisScript } from '../core/redis-script.ts'
import { piecesOf } from './redis-content.ts'
import { decodeHead, encodeHead, ID_LENGTH, isId, type RedisHead } from './redis-head.ts'
import type { RedisLine } from './redis-line.ts'
import { MAX_VARIANTS } from './variant.ts'

/** Bytes of a head: a longer one is not stored, and not read. */
const MAX_HEAD_BYTES = 262_144
/** Digits of the time until which a head is kept, in ms of the server's clock, before each head. */
const TIME_DIGITS = 16

const BEGIN = `
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local is = redis.call('TYPE', key).ok
local function untilOf(head) return tonumber(string.sub(head, 1, ${TIME_DIGITS})) or 0 end
local function idOf(head) return string.sub(head, ${TIME_DIGITS} + 1, ${TIME_DIGITS + ID_LENGTH}) end
local function written(head, keep) return string.format('%0${TIME_DIGITS}.0f', now + keep) .. head end
`

const FIND = redisScript(`${BEGIN}
if is ~= 'hash' or redis.call('HLEN', key) > ${MAX_VARIANTS} then return {} end
local all, found = redis.call('HGETALL', key), {}
for i = 2, #all, 2 do
  local head = all[i]
  if #head <= ${TIME_DIGITS + MAX_HEAD_BYTES} and untilOf(head) > now then
    found[#found + 1] = all[i - 1]
    found[#found + 1] = string.sub(head, ${TIME_DIGITS} + 1)
  end
end
return found
`)

/** Returns the ids of the contents that nobody finds any more, or -1 where that of the head is not there whole. */
const PLACE = redisScript(`${BEGIN}
local content, field, head, keep, pieces = KEYS[2], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('HLEN', content) ~= pieces then return -1 end
redis.call('PEXPIRE', content, ARGV[5])
if is ~= 'hash' then redis.call('DEL', key) end
local dropped = {}
local before = redis.call('HGET', key, field)
if before then dropped[1] = idOf(before) end
redis.call('HSET', key, field, written(head, keep))
redis.call('PEXPIRE', key, ARGV[3])
local surplus = redis.call('HLEN', key) - ${MAX_VARIANTS}
if surplus > 0 then
  local all, others = redis.call('HGETALL', key), {}
  for i = 1, #all, 2 do
    if all[i] ~= field then others[#others + 1] = { all[i], all[i + 1] } end
  end
  table.sort(others, function(one, other) return untilOf(one[2]) < untilOf(other[2]) end)
  for i = 1, surplus do
    redis.call('HDEL', key, others[i][1])
    dropped[#dropped + 1] = idOf(others[i][2])
  end
end
return dropped
`)

const FRESHEN = redisScript(`${BEGIN}
local content, field, head, keep = KEYS[2], ARGV[1], ARGV[2], tonumber(ARGV[3])
local before = is == 'hash' and redis.call('HGET', key, field)
if not before or idOf(before) ~= string.sub(head, 1, ${ID_LENGTH}) then return end
if tonumber(ARGV[4]) > 0 and redis.call('PEXPIRE', content, ARGV[5]) == 0 then
  redis.call('HDEL', key, field)
  return
end
redis.call('HSET', key, field, written(head, keep))
redis.call('PEXPIRE', key, ARGV[3])
`)

const REMOVE = redisScript(`${BEGIN}
local dropped = {}
if is == 'hash' then
  for i, head in ipairs(redis.call('HVALS', key)) do dropped[i] = idOf(head) end
end
redis.call('DEL', key)
return dropped
`)

/** The heads of the responses of each key, in a hash: the variants are its fields. */
export class RedisHeads {
  readonly #line: RedisLine
  readonly #prefix: string
  readonly #keepMs: number
  readonly #contentMs: number

  /** A head is found for `keepMs`; its content is kept for `contentMs`. */
  constructor(line: RedisLine, prefix: string, keepMs: number, contentMs: number) {
    this.#line = line
    this.#prefix = prefix
    this.#keepMs = keepMs
    this.#contentMs = contentMs
  }

  async find(key: string): Promise<RedisHead[]> {
    const reply = await this.#line.run(FIND, [this.#keyOf(key)], [])
    if (!Array.isArray(reply)) throw otherAnswer()
    const found: RedisHead[] = []
    for (let i = 0; i + 1 < reply.length; i += 2) {
      const head = decodeHead(reply[i + 1])
      // Two keys of one hash must not be taken for each other, nor what somebody else has put there for a response.
      if (head?.key === key && String(reply[i]) === digest(head.head.variant)) found.push(head)
    }
    return found
  }

  /** Puts a head in place, whose content is there whole. `false`: it is too long. */
  async place(head: RedisHead): Promise<boolean> {
    const encoded = encodeHead(head)
    if (encoded.byteLength > MAX_HEAD_BYTES) return false
    const reply = await this.#line.run(PLACE, this.#keysOf(head), this.#argsOf(head, encoded))
    if (Number(reply) === -1) throw new Error('pieces of the content are not in Redis any more')
    this.#letGo(head.key, reply)
    return true
  }

  /** Puts a head in the place of the one with the same content. Where there is none any more, nothing happens. */
  async replace(head: RedisHead): Promise<void> {
    const encoded = encodeHead(head)
    if (encoded.byteLength > MAX_HEAD_BYTES) throw new Error('the head is too long for Redis')
    await this.#line.run(FRESHEN, this.#keysOf(head), this.#argsOf(head, encoded))
  }

  async remove(key: string): Promise<void> {
    this.#letGo(key, await this.#line.run(REMOVE, [this.#keyOf(key)], []))
  }

  /** The key of a content: in the slot of its head. */
  contentKey(key: string, id: string): string {
    return `${this.#keyOf(key)}:${id}`
  }

  /** Nobody finds these contents any more; those who read them have a while for it. */
  #letGo(key: string, ids: unknown): void {
    if (!Array.isArray(ids)) throw otherAnswer()
    for (const id of ids.map(String).filter(isId)) {
      const content = this.contentKey(key, id)
      // Where this fails it expires when its head would have.
      this.#line.send(content, ['PEXPIRE', content, String(READERS_MS)]).catch(() => {})
    }
  }

  #keysOf({ key, id }: RedisHead): [string, string] {
    return [this.#keyOf(key), this.contentKey(key, id)]
  }

  #argsOf({ head, length }: RedisHead, encoded: Buffer): (string | Buffer)[] {
    const times = [String(this.#keepMs), String(piecesOf(length)), String(this.#contentMs)]
    return [digest(head.variant), encoded, ...times]
  }

  #keyOf(key: string): string {
    return `${this.#prefix}{${digest(key)}}`
  }
}

/** How long a content that was replaced is kept for those who read it. */
export const READERS_MS = 60_000

/** 132 bits. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}

function otherAnswer(): Error {
  return new Error('Redis has answered something else than the script does')
}
