/** @import { EndpointStatus } from '../../../api.ts' */

/**
 * How a state looks: a shape and a colour, always beside its word. `ok` a disc, `part` a half one, `warn` a triangle, `bad` a
 * diamond, `off` a hollow square, `unknown` a ring.
 * @typedef {'ok' | 'part' | 'warn' | 'bad' | 'off' | 'unknown'} Tone
 */

/** @type {Readonly<Record<EndpointStatus['state'], Tone>>} */
const TONES = {
  serving: 'ok',
  warming: 'part',
  ejected: 'bad',
  unhealthy: 'warn',
  unproven: 'unknown',
  draining: 'off',
  drained: 'off',
  removed: 'off',
}

/** Those that want attention come first. */
export const STATES = /** @type {readonly EndpointStatus['state'][]} */ ([
  'ejected',
  'unhealthy',
  'unproven',
  'draining',
  'drained',
  'removed',
  'warming',
  'serving',
])

/**
 * @param {EndpointStatus['state']} state
 * @returns {Tone}
 */
export function toneOf(state) {
  return TONES[state] ?? 'unknown'
}

/** @param {EndpointStatus} endpoint */
export function serves({ state }) {
  return state === 'serving' || state === 'warming'
}

/**
 * How many endpoints are in each state, none left out but those that nobody is in.
 * @param {readonly EndpointStatus[]} endpoints
 */
export function tallyOf(endpoints) {
  return STATES.map((state) => ({
    state,
    count: endpoints.filter((endpoint) => endpoint.state === state).length,
  })).filter(({ count }) => count > 0)
}

/** @param {EndpointStatus} endpoint */
export function failuresOf({ failures }) {
  return Object.values(failures).reduce((sum, n) => sum + (n ?? 0), 0)
}
