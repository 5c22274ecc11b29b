import { describe, expect, it } from 'vitest'
import type { ObservedEndpoint } from '../../core/observer.ts'
import type { ProxyView } from '../../core/proxy-view.ts'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { EndpointDirectory } from './endpoint-directory.ts'
import { UpstreamFamilies } from './upstream-families.ts'

const endpoint = (id: string, pool = 'users') => ({ id, pool }) as ObservedEndpoint

function world({ max = 100 } = {}) {
  const families = new UpstreamFamilies(max, [1])
  const directory = new EndpointDirectory(families, max)
  const clock = virtualClock()
  return {
    directory,
    attempt: (of: ObservedEndpoint) => directory.of(of).attempts(200).value++,
    /** As a scrape does, while the pool has these endpoints. */
    scrape: (...ids: string[]) => {
      const pools = [{ name: 'users', endpoints: ids.map((id) => ({ id })) }]
      directory.sweep({ pools, clock } as unknown as ProxyView)
      return [...families.attempts].map(({ labels, value }) => `${labels.values[1]} ${value}`)
    },
    clock,
  }
}

describe('EndpointDirectory', () => {
  it('forgets an endpoint five minutes after the first scrape that finds it gone', async () => {
    const { attempt, scrape, clock } = world()
    attempt(endpoint('a'))
    await clock.advance('1h')
    expect(scrape()).toEqual(['a 1'])
    await clock.advance('299s')
    expect(scrape()).toEqual(['a 1'])
    await clock.advance('1s')
    expect(scrape()).toEqual([])
  })

  it('keeps one that has come back meanwhile', async () => {
    const { attempt, scrape, clock } = world()
    attempt(endpoint('a'))
    scrape()
    await clock.advance('200s')
    scrape('a')
    await clock.advance('200s')
    scrape()
    await clock.advance('200s')
    expect(scrape()).toEqual(['a 1'])
  })

  it('goes on counting where another object is the same endpoint, and not where another pool has it', () => {
    const { attempt, scrape } = world()
    attempt(endpoint('a'))
    attempt(endpoint('a'))
    attempt(endpoint('a', 'others'))
    expect(scrape('a')).toEqual(['a 2', 'a 1'])
  })

  it('counts anew what is told of an endpoint that was forgotten', async () => {
    const { attempt, scrape, clock } = world()
    const late = endpoint('a')
    attempt(late)
    scrape()
    await clock.advance('300s')
    expect(scrape()).toEqual([])
    attempt(late)
    expect(scrape()).toEqual(['a 1'])
  })

  it('knows so many endpoints, however many come and go', () => {
    const { attempt, scrape, directory } = world({ max: 3 })
    const first = directory.of(endpoint('0'))
    for (let i = 0; i < 1_000; i++) attempt(endpoint(String(i)))
    expect(scrape()).toEqual(['0 1', '1 1', '2 1', 'overflow 997'])
    expect(directory.of(endpoint('0'))).toBe(first)
    expect(directory.of(endpoint('500'))).toBe(directory.of(endpoint('501')))
  })
})
