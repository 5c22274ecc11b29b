import { redisScript } from '../core/redis-script.ts'
import type { PurgeRecord } from './purge-record.ts'
import { ID_LENGTH, isId } from './redis-head.ts'
import type { RedisLine } from './redis-line.ts'

/** So many records are kept; when there are more, one that is about everything takes the place of the older half. */
const MAX_RECORDS = 4_096
/** Characters of a tag or a pattern in a record. */
const MAX_VALUE_LENGTH = 8_192
/** Records that are read at once. */
const PAGE = 200

/** What all who share a store must know before they find anything. */
export interface RedisState {
  /** Responses of another epoch are not found. `undefined`: none are. */
  readonly epoch: string | undefined
  /** The place of the last record. */
  readonly last: string | undefined
}

/**
 * KEYS: a hash with the epoch, the place of the last record, and the place of each record by what it is about; a stream with the
 * records. Where Redis has lost one of the two, it may have lost purges: then the epoch ends.
 */
const BEGIN = `
local index, stream = KEYS[1], KEYS[2]
local function sound()
  local is, last = redis.call('TYPE', index).ok, nil
  if is == 'none' then return true end
  if is ~= 'hash' then return false end
  local epoch = redis.call('HGET', index, '@epoch')
  if epoch and #epoch ~= ${ID_LENGTH} then return false end
  local kind = redis.call('TYPE', stream).ok
  if kind ~= 'none' and kind ~= 'stream' then return false end
  return not redis.call('HGET', index, '@last') or redis.call('XLEN', stream) > 0
end
if not sound() then redis.call('DEL', index, stream) end
`

const STATE = redisScript(`${BEGIN}
return redis.call('HMGET', index, '@epoch', '@last')
`)

/** ARGV: a new epoch, should there be none or `begin` be 1, and how long to keep it. Returns the epoch. */
const EPOCH = redisScript(`${BEGIN}
if ARGV[3] == '1' then redis.call('HSET', index, '@epoch', ARGV[1])
else redis.call('HSETNX', index, '@epoch', ARGV[1]) end
redis.call('PEXPIRE', index, ARGV[2])
redis.call('PEXPIRE', stream, ARGV[2])
return redis.call('HGET', index, '@epoch')
`)

/** Of two records about the same the newer one is enough. */
const KEEP = redisScript(`${BEGIN}
local keep, most = ARGV[6], tonumber(ARGV[7])
local function field(kind, value, soft) return kind .. ':' .. soft .. ':' .. value end
-- Its softness and time; of one that cannot be read, what is safe.
local function drop(entry)
  local place, it = entry[1], entry[2]
  redis.call('XDEL', stream, place)
  local time = tonumber(it[8] or '')
  if not time then return '0', string.match(place, '^%d+') end
  local name = field(it[2], it[4], it[6])
  if redis.call('HGET', index, name) == place then redis.call('HDEL', index, name) end
  return it[6], it[8]
end
local function add(kind, value, soft, time, id)
  local name = field(kind, value, soft)
  local at = redis.call('HGET', index, name)
  if at then
    local before = redis.call('XRANGE', stream, at, at)[1]
    if before then
      local _, earlier = drop(before)
      if tonumber(earlier) > tonumber(time) then time = earlier end
    end
  end
  local place = redis.call('XADD', stream, '*', 'kind', kind, 'value', value, 'soft', soft, 'time', time, 'id', id)
  redis.call('HSET', index, name, place, '@last', place)
  return place
end
if redis.call('TYPE', stream).ok ~= 'stream' then redis.call('DEL', stream) end
local now = redis.call('TIME')
local expired = string.format('%.0f', math.max(0, now[1] * 1000 - tonumber(keep)))
for _, entry in ipairs(redis.call('XRANGE', stream, '-', expired, 'COUNT', 100)) do drop(entry) end
local place = add(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
if redis.call('XLEN', stream) > most then
  local soft, time = '1', '0'
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', math.floor(most / 2))) do
    local softness, at = drop(entry)
    if softness ~= '1' then soft = '0' end
    if tonumber(at) > tonumber(time) then time = at end
  end
  add('everything', '', soft, time, ARGV[5] .. '+')
end
redis.call('PEXPIRE', index, keep)
redis.call('PEXPIRE', stream, keep)
redis.call('PUBLISH', ARGV[8], place)
`)

/** The records of purges in Redis, and the epoch. */
export class RedisRecords {
  /** Where something is said whenever a record was kept. */
  readonly channel: string
  readonly #line: RedisLine
  readonly #keys: [string, string]
  readonly #keepMs: string

  constructor(line: RedisLine, prefix: string, keepMs: number) {
    this.channel = `${prefix}purges`
    this.#line = line
    this.#keys = [`${prefix}{purges}:index`, `${prefix}{purges}:records`]
    this.#keepMs = String(keepMs)
  }

  async state(): Promise<RedisState> {
    const reply = await this.#line.run(STATE, this.#keys, [])
    if (!Array.isArray(reply)) throw new Error('Redis has answered something else than the script does')
    const [epoch, last] = reply.map((it) => (Buffer.isBuffer(it) ? it.toString('latin1') : undefined))
    return { epoch, last: last !== undefined && isPlace(last) ? last : undefined }
  }

  /** The epoch of what is stored now, which is `fresh` if there is none. */
  async epoch(fresh: string): Promise<string> {
    const epoch = String(await this.#line.run(EPOCH, this.#keys, [fresh, this.#keepMs, '0']))
    if (!isId(epoch)) throw new Error('Redis has another epoch than was begun')
    return epoch
  }

  /** Nothing of what is stored is found any more. */
  async beginEpoch(fresh: string): Promise<void> {
    await this.#line.run(EPOCH, this.#keys, [fresh, this.#keepMs, '1'])
  }

  async keep({ kind, value, soft, time, id }: PurgeRecord): Promise<void> {
    if (value.length > MAX_VALUE_LENGTH)
      throw new RangeError(`a purge of more than ${MAX_VALUE_LENGTH} characters cannot be kept`)
    const texts = [kind, value, soft ? '1' : '0', String(time), id]
    await this.#line.run(KEEP, this.#keys, [...texts, this.#keepMs, String(MAX_RECORDS), this.channel])
  }

  /** Gives the records behind a place, or all. Resolves with the place of the last one; `undefined` where there is none. */
  async readAfter(
    place: string | undefined,
    onRecord: (record: PurgeRecord) => void,
  ): Promise<string | undefined> {
    let last = place
    for (;;) {
      const from = last === undefined ? '-' : `(${last}`
      const [, stream] = this.#keys
      const entries = await this.#line.send(stream, ['XRANGE', stream, from, '+', 'COUNT', String(PAGE)])
      if (!Array.isArray(entries)) throw new Error('Redis has answered something else than records')
      for (const entry of entries) {
        const [at, texts] = Array.isArray(entry) ? entry : []
        const next = String(at)
        if (!isPlace(next) || (last !== undefined && !isBehind(next, last)))
          throw new Error('Redis has answered something else than records')
        last = next
        onRecord(recordOf(next, texts))
      }
      if (entries.length < PAGE) return last
    }
  }
}

/** Whether a record is at a place that is behind another. */
export function isBehind(place: string, other: string): boolean {
  const [ms = 0n, count = 0n] = place.split('-').map(BigInt)
  const [otherMs = 0n, otherCount = 0n] = other.split('-').map(BigInt)
  return ms > otherMs || (ms === otherMs && count > otherCount)
}

function isPlace(text: string): boolean {
  return /^\d{1,20}-\d{1,20}$/.test(text)
}

/** What cannot be read may be about anything. */
function recordOf(place: string, texts: unknown): PurgeRecord {
  const [, kind, , value, , soft, , time, , id] = Array.isArray(texts) ? texts.map(String) : []
  const at = Number(time)
  if (
    (kind === 'tag' || kind === 'pattern' || kind === 'everything') &&
    value !== undefined &&
    time !== undefined &&
    time !== '' &&
    Number.isFinite(at) &&
    id !== undefined
  )
    return { kind, value, soft: soft === '1', time: at, id }
  return { kind: 'everything', value: '', soft: false, time: Number(place.split('-')[0]), id: place }
}
