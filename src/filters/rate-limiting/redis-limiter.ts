import { hash } from 'node:crypto'
import type { Exchange } from '../../core/exchange.ts'
import type { SendCommand } from '../../core/redis-client.ts'
import { runScript } from '../../core/redis-script.ts'
import { RATE_LIMIT_SCRIPT } from './redis-script.ts'
import { type RateRule, type RateVerdict, ruleId } from './store.ts'

/** What Redis has said: what it has taken of each rule, which is 0 where one refuses, and what each rule says. */
export interface RedisAnswer {
  readonly taken: number
  readonly verdicts: readonly RateVerdict[]
}

/** Asks Redis for the rules of one filter. */
export class RedisLimiter {
  readonly #send: SendCommand
  readonly #prefix: string
  readonly #ids: readonly string[]
  readonly #rules: readonly string[]
  readonly #tag: string | undefined

  constructor(send: SendCommand, prefix: string, rules: readonly RateRule[]) {
    this.#send = send
    this.#prefix = prefix
    this.#ids = rules.map(ruleId)
    this.#rules = rules.flatMap(({ algorithm, limit, perMs, burst }) => [
      algorithm,
      String(limit),
      String(perMs),
      String(burst),
    ])
    // A script can only have keys of one slot. Rules that count for the same have that of their key, others one for all.
    const { by } = rules[0]!
    const same = rules.length === 1 || (!by.includes('function') && rules.every((it) => it.by === by))
    this.#tag = same ? undefined : digest(this.#ids.join('\n'))
  }

  async ask(keys: readonly string[], cost: number, want: number): Promise<RedisAnswer> {
    const names = this.#names(keys)
    const args = [String(cost), String(want), ...this.#rules]
    const reply = await runScript(this.#send, RATE_LIMIT_SCRIPT, names, args)
    return answerOf(reply, keys.length, cost, want)
  }

  /** Keys are hashed: they may be secrets, and may hold what would make another slot of them. */
  #names(keys: readonly string[]): [string, ...string[]] {
    const digests = keys.map(digest)
    const tag = this.#tag ?? digests[0]!
    return digests.map((it, i) => `${this.#prefix}{${tag}}:${this.#ids[i]!}:${it}`) as [string, ...string[]]
  }
}

/** 132 bits. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}

/** What the script says, and nothing that only looks like it: a reply that is taken for what it is not admits everyone. */
function answerOf(reply: unknown, rules: number, cost: number, want: number): RedisAnswer {
  const numbers = Array.isArray(reply) ? reply.map(wholeNumber) : []
  const verdicts: RateVerdict[] = []
  for (let i = 1; i + 2 < numbers.length; i += 3)
    verdicts.push({
      waitMs: numbers[i]! < 0 ? Number.POSITIVE_INFINITY : numbers[i]!,
      // Where the server's clock was put back, more may have been taken than there is.
      remaining: Math.max(0, numbers[i + 1]!),
      resetMs: numbers[i + 2]!,
    })
  const admitted = verdicts.every(({ waitMs }) => waitMs === 0)
  const taken = Math.max(0, numbers[0] ?? 0)
  if (
    numbers.length !== 1 + 3 * rules ||
    numbers.some(Number.isNaN) ||
    verdicts.some(({ resetMs }) => resetMs < 0) ||
    (admitted ? taken < cost || taken > want : taken > 0)
  )
    throw new Error('rate limits: Redis has answered something else than the script does')
  return { taken, verdicts }
}

/** Some clients give numbers as texts, or as `bigint`. */
function wholeNumber(value: unknown): number {
  const written = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
  const number = typeof written === 'string' && /^-?\d+$/.test(written) ? Number(written) : Number.NaN
  return Number.isSafeInteger(number) ? number : Number.NaN
}

export type AskRedis = (
  keys: readonly string[],
  cost: number,
  want: number,
  exchange: Exchange,
) => Promise<RedisAnswer>
