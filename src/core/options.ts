import { nearest } from './nearest.ts'

/** A wrong option. Thrown by the call that was given it, never later. */
export class OptionError extends TypeError {
  readonly code = 'ERR_OPTION_INVALID'
  /** The option's name, as the caller wrote it. */
  readonly option: string

  constructor(message: string, option: string) {
    super(message)
    this.name = 'OptionError'
    this.option = option
  }
}

/** `owner: "option" must be <expectation>, got <value>`. */
export function invalidOption(
  owner: string,
  option: string,
  expectation: string,
  value: unknown,
): OptionError {
  return new OptionError(`${owner}: "${option}" must be ${expectation}, got ${shown(value)}`, option)
}

/** The same for an option that may hold a secret: what it is must not get into a message, and with that into a log. */
export function invalidSecret(
  owner: string,
  option: string,
  expectation: string,
  value: unknown,
): OptionError {
  const got = value instanceof Uint8Array ? 'bytes' : value === null ? 'null' : typeof value
  return new OptionError(`${owner}: "${option}" must be ${expectation}, got ${got}`, option)
}

/** A time: a number of milliseconds, or a number with a unit: `ms`, `s`, `m`, `h`, `d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/
const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration. `Infinity` means no limit, where `unlimited` allows it. */
export function durationMs(
  owner: string,
  option: string,
  value: Duration,
  { min = 0, unlimited = false }: { min?: number; unlimited?: boolean } = {},
): number {
  let ms = Number.NaN
  if (typeof value === 'number') ms = value
  else {
    const found = typeof value === 'string' ? DURATION.exec(value) : null
    if (found !== null) ms = Number(found[1]) * MS[found[2] as keyof typeof MS]
  }
  if ((unlimited && ms === Number.POSITIVE_INFINITY) || (Number.isFinite(ms) && ms >= min)) return ms
  const least = min > 0 ? ` of at least ${min} ms` : ''
  throw invalidOption(owner, option, `a duration${least} (milliseconds, or "250ms", "30s", "5m")`, value)
}

/** A number of bytes, or a number with a unit: `b`, `kb`, `mb`, `gb` (powers of 1024, case ignored). */
export type Size = number | `${number}${Unit | Uppercase<Unit>}`

type Unit = 'b' | 'kb' | 'mb' | 'gb'

const SIZE = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)$/i
const BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Bytes of a size. `Infinity` means no limit, where `unlimited` allows it. */
export function sizeBytes(
  owner: string,
  option: string,
  value: Size,
  {
    min = 0,
    max = Number.MAX_SAFE_INTEGER,
    unlimited = false,
  }: { min?: number; max?: number; unlimited?: boolean } = {},
): number {
  let bytes = Number.NaN
  if (typeof value === 'number') bytes = value
  else {
    const found = typeof value === 'string' ? SIZE.exec(value) : null
    if (found !== null)
      bytes = Math.round(Number(found[1]) * BYTES[found[2]!.toLowerCase() as keyof typeof BYTES])
  }
  if (
    (unlimited && bytes === Number.POSITIVE_INFINITY) ||
    (Number.isSafeInteger(bytes) && bytes >= min && bytes <= max)
  )
    return bytes
  const least = min > 0 ? ` of at least ${min} bytes` : ''
  const most = max < Number.MAX_SAFE_INTEGER ? ` and at most ${max}` : ''
  throw invalidOption(owner, option, `a size${least}${most} (bytes, or "64kb", "100mb")`, value)
}

/** A whole number within bounds. */
export function integer(
  owner: string,
  option: string,
  value: number,
  {
    min = 0,
    max = Number.MAX_SAFE_INTEGER,
    unlimited = false,
  }: { min?: number; max?: number; unlimited?: boolean } = {},
): number {
  if (unlimited && value === Number.POSITIVE_INFINITY) return value
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  const range =
    max !== Number.MAX_SAFE_INTEGER
      ? ` from ${min} to ${max}`
      : min === Number.MIN_SAFE_INTEGER
        ? ''
        : ` of at least ${min}`
  throw invalidOption(owner, option, `a whole number${range}`, value)
}

/** A finite number greater than zero. */
export function positiveNumber(owner: string, option: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw invalidOption(owner, option, 'a positive number', value)
}

/** Refuses an option that nobody reads: almost always a misspelling. Names the nearest one that exists. */
export function knownOptions(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw invalidOption(owner, 'options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    const hint = near === undefined ? '' : `did you mean "${near}"? `
    // It may be a secret under another name, such as `secret` for `keys`.
    throw invalidSecret(
      owner,
      name,
      `one of the options that exist (${hint}${known.join(', ')})`,
      (options as Record<string, unknown>)[name],
    )
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'function') return `a function${value.name === '' ? '' : ` (${value.name})`}`
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
