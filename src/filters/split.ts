import { type Attribute, attribute } from '../core/attribute.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Handler, named } from '../core/handler.ts'
import { hashText } from '../core/hash.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { cookieValues } from '../core/request-cookies.ts'
import {
  type CallTarget,
  type CallTargetInit,
  targetOf,
  type UsesTargets,
  withTargets,
} from '../core/target.ts'
import { type OwnCookie, type OwnCookieOptions, ownCookie } from './fields/own-cookie.ts'

/** One of the targets that exchanges are split among. */
export interface SplitArm {
  /** What answers: a pool, a handler, or the address of a service. */
  to: CallTargetInit
  /** Its part of the exchanges, beside the weights of the other arms. 0 for those that `when` sends there alone. */
  weight: number
  /**
   * What `splitArm` says. Default: the name of the pool or of the handler's function, or the address. Every pool without a
   * name is called `pool`, so of two such, one arm at least needs a name here.
   */
  name?: string
  /**
   * Exchanges that come here whatever the weights say: those with a header, a claim, or anything else that can be told at
   * once. The first arm of which that is true has them; only `true` is yes. Default none.
   */
  when?: (exchange: Exchange) => boolean
}

export interface SplitOptions {
  /**
   * What the choice goes by: a user's id, for example. The same key has the same arm, on each proxy, as long as the weights
   * stay. Exchanges without a key (`undefined`) are split by `cookie`, or by chance. Default: none has a key.
   */
  by?: (exchange: Exchange) => string | undefined
  /** Splits of different salts have nothing to do with each other, also where their keys are the same. Default `''`. */
  salt?: string
  /**
   * Keeps a browser at its arm by a cookie, which holds a number that was drawn for it. `true` for the cookie
   * `__Host-split`; options for another one. Default false.
   */
  cookie?: boolean | OwnCookieOptions
}

/** Which arm of a split has an exchange: its name. Of a split within a split, that of the inner one. */
export const splitArm: Attribute<string> = attribute<string>('split.arm')

const ARM: readonly string[] = ['to', 'weight', 'name', 'when'] satisfies (keyof SplitArm)[]
const OPTIONS: readonly string[] = ['by', 'salt', 'cookie'] satisfies (keyof SplitOptions)[]

/**
 * Has exchanges answered by one of several targets, by weight: a few go to the canary, the rest to what is known to work.
 *
 * First `when` of each arm is asked, in their order. Where none says so, a number from 0 to 1 decides: the hash of the key
 * where there is one (`by`), else the one in the cookie, else one drawn by chance. The arms divide that range in their order,
 * each with a part as large as its weight. So when weights change, the first and the last arm only gain or only lose: of
 * two arms, whoever was with the canary at 5 % is there at 10 % too.
 *
 * It stands in the place of a target. The pools in it start, are probed and end with the proxy, which shows them under its name
 * in `explain()`. Which arm it was, `exchange.get(splitArm)` says, for logs and metrics.
 *
 * A cookie is given with a response, and only where the number was drawn; one that holds anything but such a number is
 * ignored. With a cookie or a key, a client that stays at its arm gets its failures too: a split is no failover.
 *
 * Traps: clients can change their cookie, and with that choose their arm; so they can with a key of their own, or a header
 * that `when` looks at. What a function of yours throws fails the exchange. Caches must know what answers depend on.
 *
 * @example
 * proxy().route('/', split([
 *   { name: 'stable', weight: 95, to: stable },
 *   { name: 'canary', weight: 5, to: canary, when: ({ request }) => request.headers.get('x-canary') === 'yes' },
 * ], { by: (exchange) => exchange.get(userId) }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for two arms of the same name.
 */
export function split(arms: readonly SplitArm[], options: SplitOptions = {}): Handler & UsesTargets {
  knownOptions('split', options, OPTIONS)
  const { by, salt = '', cookie: cookieOptions = false } = options
  if (by !== undefined && typeof by !== 'function')
    throw invalidOption('split', 'by', 'a function of the exchange that gives a key', by)
  if (typeof salt !== 'string') throw invalidOption('split', 'salt', 'a text', salt)
  if (typeof cookieOptions !== 'boolean' && (typeof cookieOptions !== 'object' || cookieOptions === null))
    throw invalidOption('split', 'cookie', 'true, false or options', cookieOptions)
  const cookie =
    cookieOptions === false
      ? undefined
      : ownCookie('split', cookieOptions === true ? {} : cookieOptions, '__Host-split')
  const all = checkedArms(arms)
  const asked = all.filter(({ when }) => when !== undefined)
  const ranges = new Ranges(all)
  const seed = hashText(salt)

  const answer = (exchange: Exchange, { name, target }: Arm) => {
    exchange.set(splitArm, name)
    return exchange.answerFrom(target)
  }
  const handler: Handler = (exchange) => {
    for (const arm of asked) if (isTrue(arm.when!(exchange))) return answer(exchange, arm)
    const key = by?.(exchange)
    if (key !== undefined) return answer(exchange, ranges.at(pointOf(key, seed)))
    if (cookie === undefined) return answer(exchange, ranges.at(exchange.random()))
    const known = knownPoint(cookieValues(exchange.request.headers, cookie.name))
    if (known !== undefined) return answer(exchange, ranges.at(known / POINTS))
    const drawn = Math.floor(exchange.random() * POINTS)
    const response = answer(exchange, ranges.at(drawn / POINTS))
    if (response instanceof ResponseMessage) return withPoint(response, cookie, drawn)
    return response.then((it) => withPoint(it, cookie, drawn))
  }
  return withTargets(
    named(handler, 'split'),
    all.map(({ target }) => target),
  )
}

interface Arm {
  readonly name: string
  readonly target: CallTarget
  readonly weight: number
  readonly when: ((exchange: Exchange) => boolean) | undefined
}

function checkedArms(arms: readonly SplitArm[]): readonly Arm[] {
  if (!Array.isArray(arms) || arms.length === 0) throw invalidOption('split', 'arms', 'a list of arms', arms)
  const names = new Set<string>()
  let sum = 0
  const checked = (arms as readonly SplitArm[]).map((arm, i): Arm => {
    const option = (name: string) => `arms[${i}].${name}`
    knownOptions('split', arm, ARM)
    const { to, weight, when } = arm
    const target = targetOf('split', option('to'), to)
    if (typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0)
      throw invalidOption('split', option('weight'), 'a number that is not negative', weight)
    if (when !== undefined && typeof when !== 'function')
      throw invalidOption(
        'split',
        option('when'),
        'a function of the exchange that gives true or false',
        when,
      )
    const name = arm.name ?? nameOf(target)
    if (typeof name !== 'string' || name === '' || names.has(name))
      throw invalidOption('split', option('name'), 'a text that no other arm has for its name', name)
    names.add(name)
    sum += weight
    return { name, target, weight, when }
  })
  if (sum > 0 && Number.isFinite(sum)) return checked
  throw invalidOption('split', 'arms', 'arms of which at least one has a weight', arms)
}

function nameOf(target: CallTarget): string {
  if (typeof target === 'function') return target.name
  return 'origin' in target ? target.origin : target.describe().name
}

/** Only a plain yes: a promise would send everyone there. */
function isTrue(answer: unknown): boolean {
  return answer === true
}

/** The range from 0 up to 1, divided among arms. */
class Ranges {
  readonly #arms: readonly Arm[]
  /** Where each of them ends. The last one ends at 1 exactly: its sum was added up in the same order. */
  readonly #ends: readonly number[]

  constructor(arms: readonly Arm[]) {
    const sums: number[] = []
    for (const { weight } of arms) sums.push((sums.at(-1) ?? 0) + weight)
    this.#arms = arms
    this.#ends = sums.map((end) => end / sums.at(-1)!)
  }

  at(point: number): Arm {
    return this.#arms[this.#ends.findIndex((end) => point < end)]!
  }
}

/** So many numbers there are in cookies, and hashes of keys. */
const POINTS = 2 ** 32
const POINT = /^[0-9a-f]{8}$/

function pointOf(key: string, seed: number): number {
  // Only a text has a hash; what else a function gives is the same to all.
  return hashText(String(key), seed) / POINTS
}

function knownPoint(values: readonly string[]): number | undefined {
  const value = values.find((it) => POINT.test(it))
  return value === undefined ? undefined : Number.parseInt(value, 16)
}

function withPoint(response: ResponseMessage, cookie: OwnCookie, point: number): ResponseMessage {
  response.headers.append('Set-Cookie', cookie.line(point.toString(16).padStart(8, '0')))
  return response
}
