import type { CacheState, FilterState } from '../../core/filter-state.ts'
import type { FilterStateView, ProxyView } from '../../core/proxy-view.ts'
import type { ReadFamilies } from './read-families.ts'

const LABELS = ['filter', 'at']
const CIRCUIT_STATES = ['closed', 'open', 'half-open'] as const

/** What is read of filters that limit, of those that send beside, and of access logs. */
export const filterFamilies: ReadFamilies = (gauge, counter, view) => {
  const circuits = () => statesOf(view(), 'circuit-breaker')
  const limits = () => statesOf(view(), 'concurrency-limit')
  const rates = () => statesOf(view(), 'rate-limit')
  const shedding = () => statesOf(view(), 'load-shedding')
  const coalescing = () => statesOf(view(), 'coalesce')
  const mirrors = () => statesOf(view(), 'mirror')
  const logs = () => statesOf(view(), 'access-log')
  return [
    gauge(
      'proxy_circuit_state',
      'How the circuit is: 1 for the state that it is in.',
      [...LABELS, 'state'],
      (put) => {
        for (const { name, at, state } of circuits())
          for (const one of CIRCUIT_STATES) put(one === state.state ? 1 : 0, name, at, one)
      },
      Math.max,
    ),
    gauge(
      'proxy_concurrency_limit',
      'Exchanges that a filter lets be under way at once; of each key, where it has keys.',
      LABELS,
      (put) => {
        for (const { name, at, state } of limits()) put(state.limit, name, at)
      },
      Math.max,
    ),
    gauge('proxy_concurrency_in_flight', 'Exchanges that such a filter has under way.', LABELS, (put) => {
      for (const { name, at, state } of limits()) put(state.inFlight, name, at)
    }),
    gauge('proxy_concurrency_waiting', 'Exchanges in the queue of such a filter.', LABELS, (put) => {
      for (const { name, at, state } of limits()) put(state.waiting, name, at)
    }),
    counter(
      'proxy_rate_limit_decisions_total',
      'Exchanges that a rate limit has admitted or refused, and those that its store could not decide.',
      [...LABELS, 'decision'],
      (put) => {
        for (const { name, at, state } of rates())
          for (const decision of ['admitted', 'refused', 'unavailable'] as const)
            put(state[decision], name, at, decision)
      },
    ),
    gauge(
      'proxy_load_shedding_ratio',
      'The part of what comes that is shed now.',
      LABELS,
      (put) => {
        for (const { name, at, state } of shedding()) put(state.share, name, at)
      },
      Math.max,
    ),
    gauge('proxy_coalesce_in_flight', 'Requests that others may join.', LABELS, (put) => {
      for (const { name, at, state } of coalescing()) put(state.inFlight, name, at)
    }),
    counter('proxy_coalesce_joined_total', 'Requests that have joined another one.', LABELS, (put) => {
      for (const { name, at, state } of coalescing()) put(state.joined, name, at)
    }),
    gauge('proxy_mirror_in_flight', 'Copies of requests that are under way.', LABELS, (put) => {
      for (const { name, at, state } of mirrors()) put(state.inFlight, name, at)
    }),
    counter(
      'proxy_mirror_requests_total',
      'Copies of requests that were sent, those of them that failed, and those that were dropped: too many were under way, or the content was too long.',
      [...LABELS, 'result'],
      (put) => {
        for (const { name, at, state } of mirrors())
          for (const result of ['sent', 'failed', 'dropped'] as const) put(state[result], name, at, result)
      },
    ),
    counter(
      'proxy_access_log_lines_total',
      'Lines of an access log that its sink has taken, and those that were lost.',
      [...LABELS, 'result'],
      (put) => {
        for (const { name, at, state } of logs()) {
          put(state.written, name, at, 'written')
          put(state.dropped, name, at, 'lost')
        }
      },
    ),
  ]
}

/** What is read of caches. Those of one name are one here. */
export const cacheFamilies: ReadFamilies = (gauge, counter, view) => {
  const caches = () => statesOf(view(), 'cache')
  const counts = (name: string, help: string, label: string, of: keyof Records<CacheState>) =>
    counter(name, help, ['cache', label], (put) => {
      for (const { name: cache, state } of caches())
        for (const [key, count] of Object.entries(state[of])) put(count, cache, key)
    })
  const each = (read: (state: CacheState) => number) => (put: (value: number, cache: string) => void) => {
    for (const { name, state } of caches()) put(read(state), name)
  }
  return [
    counts('proxy_cache_requests_total', 'Requests, by what the cache made of them.', 'result', 'results'),
    counts(
      'proxy_cache_not_stored_total',
      'Responses that were not stored, by the reason why.',
      'reason',
      'notStored',
    ),
    counts(
      'proxy_cache_answers_total',
      'Answers of the cache, by the level whose content they had.',
      'level',
      'answers',
    ),
    counter(
      'proxy_cache_stored_total',
      'Responses that were stored.',
      ['cache'],
      each(({ stored }) => stored),
    ),
    counter(
      'proxy_cache_collapsed_total',
      'Requests that have waited for the answer to another one.',
      ['cache'],
      each(({ collapsed }) => collapsed),
    ),
    gauge(
      'proxy_cache_entries',
      'Responses in the memory of the cache.',
      ['cache'],
      each(({ entries }) => entries),
    ),
    gauge(
      'proxy_cache_bytes',
      'What they take.',
      ['cache'],
      each(({ bytes }) => bytes),
    ),
  ]
}

type Records<T> = { [K in keyof T as T[K] extends Readonly<Record<string, number>> ? K : never]: T[K] }

type Told<K> = FilterStateView & { readonly state: Extract<FilterState, { kind: K }> }

function statesOf<K extends FilterState['kind']>(view: ProxyView | undefined, kind: K): readonly Told<K>[] {
  return (view?.filterStates ?? []).filter((it): it is Told<K> => it.state.kind === kind)
}
