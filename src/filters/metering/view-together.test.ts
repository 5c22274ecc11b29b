import { describe, expect, it } from 'vitest'
import type { ProxyView } from '../../core/proxy-view.ts'
import { viewTogether } from './view-together.ts'

const limit = (): void => {}

function viewOf(name: string, phase: ProxyView['phase']): ProxyView {
  const told = { at: name, name: 'limit', state: { kind: 'coalesce', inFlight: 0, joined: 1 } } as const
  return {
    phase,
    startedAt: name.length,
    readiness: { ready: phase === 'serving', reasons: [] },
    listeners: [{ url: name }],
    pools: [{ name, endpoints: [] }],
    filterStates: [
      { ...told, filter: limit },
      { ...told, filter: () => name },
    ],
    expositions: [],
  } as unknown as ProxyView
}

describe('viewTogether', () => {
  it('is nothing of nothing, and the one of one', () => {
    const only = viewOf('a', 'serving')
    expect([viewTogether([]), viewTogether([only])]).toEqual([undefined, only])
  })

  it('has the listeners and the pools of all, and each filter once', () => {
    const all = viewTogether([viewOf('a', 'serving'), viewOf('bb', 'serving')])!
    expect(all.listeners.map(({ url }) => url)).toEqual(['a', 'bb'])
    expect(all.pools.map(({ name }) => name)).toEqual(['a', 'bb'])
    expect(all.filterStates.map(({ at }) => at)).toEqual(['a', 'a', 'bb'])
  })

  it('is about what the last one is about', () => {
    const { phase, startedAt, readiness } = viewTogether([viewOf('a', 'serving'), viewOf('bb', 'notice')])!
    expect([phase, startedAt, readiness.ready]).toEqual(['notice', 2, false])
  })
})
