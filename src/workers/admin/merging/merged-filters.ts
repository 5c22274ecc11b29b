import type { FilterStatus } from '../../../admin/api.ts'
import type { FilterState } from '../../../core/filter-state.ts'
import { grouped } from './grouped.ts'
import { differing, firstOf, sum, summedCounts } from './summed.ts'

export function mergedFilters(all: readonly (readonly FilterStatus[])[]): FilterStatus[] {
  // One that is of another kind in one of the workers is another filter.
  return grouped(all, ({ id, state }) => `${state.kind} ${id}`).map((filters) => {
    const states = filters.map(({ state }) => state)
    const circuits = differing(statesOf(states, 'circuit-breaker').map(({ state }) => state))
    return {
      ...filters[0]!,
      state: mergedState(states),
      ...(circuits === undefined ? {} : { states: circuits }),
    }
  })
}

const CIRCUITS = ['open', 'half-open', 'closed'] as const

/** Of one filter in several workers: each has its own limit, its own circuit and its own memory. */
function mergedState(all: readonly FilterState[]): FilterState {
  const first = all[0]!
  switch (first.kind) {
    case 'circuit-breaker': {
      const states = statesOf(all, first.kind).map(({ state }) => state)
      return { kind: first.kind, state: firstOf(states, CIRCUITS) }
    }
    case 'load-shedding': {
      const states = statesOf(all, first.kind)
      return {
        kind: first.kind,
        share: Math.max(...states.map(({ share }) => share)),
        delayMs: Math.max(...states.map(({ delayMs }) => delayMs)),
      }
    }
    case 'cache': {
      const states = statesOf(all, first.kind)
      return {
        kind: first.kind,
        entries: sum(states, ({ entries }) => entries),
        bytes: sum(states, ({ bytes }) => bytes),
        results: summedCounts(states.map(({ results }) => results)),
        collapsed: sum(states, ({ collapsed }) => collapsed),
        stored: sum(states, ({ stored }) => stored),
        notStored: summedCounts(states.map(({ notStored }) => notStored)),
        answers: summedCounts(states.map(({ answers }) => answers)),
      }
    }
    default:
      return summedState(first, all)
  }
}

/** Of states that are counts and nothing else. */
function summedState<S extends FilterState>(first: S, all: readonly FilterState[]): S {
  return { ...first, ...summedCounts(all.map(countsIn)) }
}

function countsIn(state: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(state).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}

function statesOf<K extends FilterState['kind']>(
  all: readonly FilterState[],
  kind: K,
): Extract<FilterState, { kind: K }>[] {
  return all.filter((it): it is Extract<FilterState, { kind: K }> => it.kind === kind)
}
