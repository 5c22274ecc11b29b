import { describe, expect, test } from 'vitest'
import type { EndpointState } from '../core/endpoint-snapshot.ts'
import { type Kept, stateOf } from './endpoint-state.ts'

const WELL: Kept = {
  admission: 'admitted',
  ejected: false,
  health: 'healthy',
  unproven: false,
  warming: false,
}

describe('stateOf', () => {
  test.each<[EndpointState, Partial<Kept>]>([
    ['serving', {}],
    ['serving', { health: 'unknown' }],
    ['warming', { warming: true }],
    ['unproven', { health: 'unknown', unproven: true }],
    ['unhealthy', { health: 'unhealthy', warming: true }],
    ['ejected', { ejected: true, health: 'unhealthy' }],
    ['ejected', { ejected: true, warming: true }],
    ['draining', { admission: 'draining', ejected: true, health: 'unhealthy' }],
    ['drained', { admission: 'drained', ejected: true }],
    ['removed', { admission: 'removed', health: 'unhealthy' }],
  ])('is %s with %o', (state, kept) => {
    expect(stateOf({ ...WELL, ...kept })).toBe(state)
  })
})
