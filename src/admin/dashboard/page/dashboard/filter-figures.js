/** @import { FilterState } from '../../../../core/filter-state.ts' */
/** @import { Tone } from './endpoint-tone.js' */
import { bytes, count, percent, took } from './format.js'

/**
 * @typedef {object} FilterFigures
 * @property {Tone} tone
 * @property {string} word how it stands
 * @property {readonly (readonly [name: string, value: string])[]} numbers
 */

/**
 * How a filter's state is told.
 * @param {FilterState} state
 * @returns {FilterFigures}
 */
export function filterFigures(state) {
  switch (state.kind) {
    case 'circuit-breaker':
      return { tone: BREAKER[state.state] ?? 'unknown', word: state.state, numbers: [] }
    case 'concurrency-limit': {
      const full = state.inFlight >= state.limit
      return {
        tone: state.waiting > 0 ? 'warn' : full ? 'part' : 'ok',
        word: state.waiting > 0 ? 'queueing' : full ? 'full' : 'below its limit',
        numbers: [
          ['in flight', `${count(state.inFlight)} of ${count(state.limit)}`],
          ['waiting', count(state.waiting)],
        ],
      }
    }
    case 'rate-limit': {
      const all = state.admitted + state.refused
      return {
        tone: state.unavailable > 0 ? 'warn' : 'ok',
        word: state.refused > 0 ? `${percent(state.refused, all)} refused` : 'none refused',
        numbers: [
          ['admitted', count(state.admitted)],
          ['refused', count(state.refused)],
          ['store failed', count(state.unavailable)],
        ],
      }
    }
    case 'load-shedding':
      return {
        tone: state.share > 0 ? 'bad' : 'ok',
        word: state.share > 0 ? `sheds ${percent(state.share, 1)}` : 'sheds nothing',
        numbers: [['event loop late by', took(state.delayMs)]],
      }
    case 'cache':
      return cacheFigures(state)
    case 'coalesce':
      return {
        tone: 'ok',
        word: `${count(state.joined)} joined`,
        numbers: [['in flight', count(state.inFlight)]],
      }
    case 'mirror':
      return {
        tone: state.failed + state.dropped > 0 ? 'warn' : 'ok',
        word: `${count(state.sent)} sent`,
        numbers: [
          ['in flight', count(state.inFlight)],
          ['failed', count(state.failed)],
          ['dropped', count(state.dropped)],
        ],
      }
    default:
      return otherFigures(state)
  }
}

/** @type {Readonly<Record<string, Tone>>} */
const BREAKER = { closed: 'ok', 'half-open': 'part', open: 'bad' }

/**
 * @param {Extract<FilterState, { kind: 'cache' }>} state
 * @returns {FilterFigures}
 */
function cacheFigures({ entries, bytes: size, results, collapsed, stored, notStored }) {
  const all = Object.values(results).reduce((sum, n) => sum + n, 0)
  const saved = (results.hit ?? 0) + (results.stale ?? 0) + (results.revalidated ?? 0)
  return {
    tone: 'ok',
    word: all === 0 ? 'not asked yet' : `${percent(saved, all)} answered`,
    numbers: [
      ['entries', count(entries)],
      ['size', bytes(size)],
      ...each(results),
      ['collapsed', count(collapsed)],
      ['stored', count(stored)],
      ...each(notStored).map(([name, value]) => /** @type {const} */ ([`not stored: ${name}`, value])),
    ],
  }
}

/**
 * Of a kind that this page does not know: what there is in it.
 * @param {object} state
 * @returns {FilterFigures}
 */
function otherFigures(state) {
  const numbers = Object.entries(state).filter(([, value]) => typeof value === 'number')
  return { tone: 'unknown', word: '', numbers: numbers.map(([name, value]) => [name, count(value)]) }
}

/**
 * @param {Readonly<Record<string, number>>} counts
 * @returns {(readonly [string, string])[]}
 */
function each(counts) {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => [name, count(value)])
}
