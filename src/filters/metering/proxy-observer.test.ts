import { describe, expect, it } from 'vitest'
import { ProxyError } from '../../core/errors.ts'
import type { ObservedAttempt, ObservedEndpoint } from '../../core/observer.ts'
import { exchange } from '../../testing/exchange.ts'
import type { Counters } from './counters.ts'
import { EndpointDirectory } from './endpoint-directory.ts'
import { ProxyObserver } from './proxy-observer.ts'
import { UpstreamFamilies } from './upstream-families.ts'

const BROKE_OFF = new ProxyError('upstream_response_incomplete')

function world() {
  const families = new UpstreamFamilies(100, [1])
  const observer = new ProxyObserver(families, new EndpointDirectory(families, 100))
  const endpoint = { id: 'u1', pool: 'users' } as ObservedEndpoint
  const attempt = {
    origin: exchange(),
    endpoint,
    startedAt: 0,
    respondedAt: undefined,
  } as unknown as ObservedAttempt
  const shown = (counters: Counters) =>
    [...counters].filter(({ value }) => value > 0).map(({ labels, value }) => `${labels.text} ${value}`)
  return { families, observer, endpoint, attempt, shown }
}

describe('ProxyObserver', () => {
  it('counts an attempt once, by its status, though its response breaks off later', () => {
    const { families, observer, attempt: begun, shown } = world()
    const attempt = { ...begun, respondedAt: 7 }
    observer.attemptResponded(attempt, 200)
    observer.attemptEnded(attempt, BROKE_OFF)
    expect(shown(families.attempts)).toEqual(['pool="users",upstream="u1",code="200" 1'])
    expect(shown(families.errors)).toEqual([
      'pool="users",upstream="u1",reason="upstream_response_incomplete" 1',
    ])
  })

  it('counts an attempt without a response by its error', () => {
    const { families, observer, attempt, shown } = world()
    observer.attemptEnded(attempt, BROKE_OFF)
    expect(shown(families.attempts)).toEqual([
      'pool="users",upstream="u1",code="upstream_response_incomplete" 1',
    ])
  })

  it('measures how long the head of the response took', () => {
    const { families, observer, attempt } = world()
    observer.attemptResponded({ ...attempt, respondedAt: 2_500 }, 200)
    expect([...families.durations].map(({ sum }) => sum)).toEqual([2.5])
  })

  it('says nothing of an attempt that began before there was anyone to tell', () => {
    const { families, observer, attempt, shown } = world()
    observer.attemptEnded(attempt, undefined)
    expect([...shown(families.attempts), ...shown(families.errors)]).toEqual([])
  })

  it('counts what happens to pools and between attempts', () => {
    const { families, observer, endpoint, shown } = world()
    const at = exchange({ route: '/a' })
    observer.retryRefused(at, 'status 503')
    observer.hedgeRefused(exchange())
    observer.fellBack(at, 'users', 'static', 'no_endpoint')
    observer.endpointRefused(at, endpoint, 'overloaded')
    observer.endpointAdded(endpoint)
    observer.endpointRemoved(endpoint)
    observer.sourceFailed('users')
    observer.listRefused('users')
    const { retriesRefused, hedgesRefused, fallbacks, refusals, endpointChanges, discoveryFailures } =
      families
    const all = [retriesRefused, hedgesRefused, fallbacks, refusals, endpointChanges, discoveryFailures]
    expect(all.flatMap(shown)).toEqual([
      'route="/a",reason="status 503" 1',
      'route="none" 1',
      'from="users",to="static",reason="no_endpoint" 1',
      'pool="users",upstream="u1",reason="overloaded" 1',
      'pool="users",change="added" 1',
      'pool="users",change="removed" 1',
      'pool="users",reason="source" 1',
      'pool="users",reason="list" 1',
    ])
  })
})
