import { type RedisScript, redisScript } from '../../core/redis-script.ts'

/**
 * One decision, for all rules at once: the algorithms of this folder once more, in Lua 5.1. A test compares them.
 *
 * KEYS: one for each rule. ARGV: what must be admitted, what is taken if there is so much (a lease), then for each rule its
 * algorithm, limit, milliseconds and burst. Returns what was taken, then for each rule: milliseconds to wait (-1: for ever), units
 * that remain, milliseconds until all are there again.
 *
 * All numbers are whole and below 2^53, so that Lua's are exact; `%.0f` writes them as they are. What was written before the
 * server's clock was set back is taken to be of now, or, where that is more than a window away, is forgotten.
 */
export const RATE_LIMIT_SCRIPT: RedisScript = redisScript(`
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
local cost, want = tonumber(ARGV[1]), tonumber(ARGV[2])

local function down(x, y) return (x - math.fmod(x, y)) / y end
local function up(x, y)
  local rest = math.fmod(x, y)
  return (x - rest) / y + (rest > 0 and 1 or 0)
end

-- Three numbers, the first of which is a time that has been.
local function numbers(key, per)
  local text = redis.call('GET', key)
  local at, used, before
  if text then at, used, before = string.match(text, '^(%d+) (%d+) (%d+)$') end
  if not at or tonumber(at) - clock > per then return clock, 0, 0 end
  return tonumber(at), tonumber(used), tonumber(before)
end

local function write(key, ms, at, used, before)
  redis.call('SET', key, string.format('%.0f %.0f %.0f', at, used, before), 'PX', string.format('%.0f', ms))
end

local function debt(key, limit, per, burst)
  local at, owed = numbers(key, per)
  local now = math.max(clock, at)
  owed = math.max(0, owed - (now - at) * limit)
  return {
    wait = function()
      local excess = owed - (burst - cost) * per
      return excess <= 0 and 0 or up(excess, limit)
    end,
    take = function(units)
      owed = owed + units * per
      write(key, up(owed, limit), now, owed, 0)
    end,
    remaining = function() return down(burst * per - owed, per) end,
    reset = function() return up(owed, limit) end,
  }
end

local function fixed(key, limit, per)
  local from, used = numbers(key, per)
  local now = math.max(clock, from)
  if now - from >= per then used = 0 end
  if used == 0 then from = now end
  return {
    wait = function() return used + cost <= limit and 0 or from + per - now end,
    take = function(units)
      used = used + units
      write(key, from + per - now, from, used, 0)
    end,
    remaining = function() return limit - used end,
    reset = function() return used == 0 and 0 or from + per - now end,
  }
end

local function counter(key, limit, per)
  local from, used, before = numbers(key, per)
  local now = math.max(clock, from)
  if now - from >= 2 * per then
    from, used, before = now, 0, 0
  elseif now - from >= per then
    from, used, before = from + per, 0, used
  end
  if used == 0 and before == 0 then from = now end
  local left = from + per - now
  local function reset() return used > 0 and left + per or before > 0 and left or 0 end
  return {
    wait = function()
      local free = limit - cost - used
      local excess = before * left - free * per
      if excess <= 0 then return 0 end
      if free >= 0 then return up(excess, before) end
      return left + up((used - (limit - cost)) * per, used)
    end,
    take = function(units)
      used = used + units
      write(key, reset(), from, used, before)
    end,
    remaining = function() return down((limit - used) * per - before * left, per) end,
    reset = reset,
  }
end

-- A list of records 'time:units', oldest first, and last of all how many units these are.
local function log(key, limit, per)
  local used = tonumber(redis.call('LINDEX', key, -1) or 0)
  local function record(index)
    local at, units = string.match(redis.call('LINDEX', key, index), '^(%d+):(%d+)$')
    return tonumber(at), tonumber(units)
  end
  local newest = used > 0 and record(-2) or 0
  if newest - clock > per then
    redis.call('DEL', key)
    used, newest = 0, 0
  end
  local now = math.max(clock, newest)
  local forgotten = 0
  while used > forgotten do
    local at, units = record(0)
    if at > now - per then break end
    redis.call('LPOP', key)
    forgotten = forgotten + units
  end
  if forgotten > 0 then
    used = used - forgotten
    if used == 0 then redis.call('DEL', key) else redis.call('LSET', key, -1, string.format('%.0f', used)) end
  end
  return {
    wait = function()
      local excess = used + cost - limit
      if excess <= 0 then return 0 end
      local index = 0
      while true do
        local at, units = record(index)
        if excess <= units then return at + per - now end
        excess = excess - units
        index = index + 1
      end
    end,
    take = function(units)
      local same = 0
      if used > 0 then
        redis.call('RPOP', key)
        local at, last = record(-1)
        if at == now then
          redis.call('RPOP', key)
          same = last
        end
      end
      used = used + units
      newest = now
      redis.call('RPUSH', key, string.format('%.0f:%.0f', now, same + units), string.format('%.0f', used))
      redis.call('PEXPIRE', key, string.format('%.0f', per))
    end,
    remaining = function() return limit - used end,
    reset = function() return used == 0 and 0 or newest + per - now end,
  }
end

local algorithms = {
  ['token-bucket'] = debt,
  gcra = debt,
  ['sliding-window'] = log,
  ['sliding-window-counter'] = counter,
  ['fixed-window'] = fixed,
}

local counts, waits, taken = {}, {}, want
for i, key in ipairs(KEYS) do
  local first = 4 * i - 1
  local limit, per, burst = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3])
  local count = algorithms[ARGV[first]](key, limit, per, burst)
  counts[i] = count
  waits[i] = cost > burst and -1 or count.wait()
  if waits[i] ~= 0 then taken = 0 end
  taken = math.min(taken, count.remaining())
end
if taken > 0 then
  for _, count in ipairs(counts) do count.take(taken) end
end
local reply = { taken }
for i, count in ipairs(counts) do
  reply[3 * i - 1] = waits[i]
  reply[3 * i] = count.remaining()
  reply[3 * i + 1] = count.reset()
end
return reply
`)
