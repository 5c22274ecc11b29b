/** What stands where there is nothing to say. */
export const NONE = '–'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const significant = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * Whole below a hundred thousand, then `123 k`, `4.56 M`.
 * @param {number | undefined} value
 */
export function count(value) {
  if (!isNumber(value)) return NONE
  if (value < 100_000) return whole.format(value)
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T'])
}

/**
 * Three digits.
 * @param {number | undefined} value
 */
export function quantity(value) {
  if (!isNumber(value)) return NONE
  return value >= 1000 ? count(value) : significant.format(value)
}

/** @param {number | undefined} value */
export function bytes(value) {
  return isNumber(value) ? scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']) : NONE
}

/**
 * A time that something took: `0.4 ms`, `128 ms`, `2.4 s`, `3.1 min`.
 * @param {number | undefined} ms
 */
export function took(ms) {
  if (!isNumber(ms)) return NONE
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < SECOND) return `${whole.format(ms)} ms`
  if (ms < MINUTE) return `${significant.format(ms / SECOND)} s`
  return `${significant.format(ms / MINUTE)} min`
}

/**
 * A span of time: `12 s`, `4 min 10 s`, `3 h 20 min`, `5 d 2 h`.
 * @param {number} ms
 */
export function span(ms) {
  const left = Math.max(0, ms)
  if (left < MINUTE) return `${Math.round(left / SECOND)} s`
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min ${Math.floor((left % MINUTE) / SECOND)} s`
  if (left < DAY) return `${Math.floor(left / HOUR)} h ${Math.floor((left % HOUR) / MINUTE)} min`
  return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`
}

/** @param {number} at milliseconds since 1970 UTC */
export function timeOfDay(at) {
  return clock.format(at)
}

/** @param {number} at milliseconds since 1970 UTC */
export function day(at) {
  return date.format(at)
}

/**
 * A share as per cent, so that few are not shown as none.
 * @param {number} part
 * @param {number} all
 */
export function percent(part, all) {
  if (!(all > 0)) return NONE
  const share = (100 * part) / all
  if (share === 0) return '0 %'
  if (share < 0.01) return '<0.01 %'
  return `${share < 10 ? share.toFixed(2) : share.toFixed(1)} %`
}

/**
 * @param {number} number
 * @param {string} word
 */
export function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? '' : 's'}`
}

/**
 * @param {number} value
 * @param {number} step
 * @param {readonly string[]} units
 */
function scaled(value, step, units) {
  let rest = value
  let unit = 0
  while (rest >= step && unit < units.length - 1) {
    rest /= step
    unit++
  }
  return `${significant.format(rest)} ${units[unit]}`.trimEnd()
}

/**
 * @param {number | undefined} value
 * @returns {value is number}
 */
function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value)
}
