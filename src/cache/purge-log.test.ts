import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cacheKey } from './cache-key.ts'
import { PurgeLog } from './purge-log.ts'
import type { Judged, Verdict } from './purge-mark.ts'
import { isAboutResource, type PurgeSubject, patternSubject, resourceName } from './purge-subject.ts'

const BOUNDS = { maxNames: 3, maxPatterns: 2 }
const EVERYTHING: PurgeSubject = { kind: 'everything' }

const tag = (text: string): PurgeSubject => ({ kind: 'tag', tag: text })
const url = (target: string): PurgeSubject => ({ kind: 'url', name: resourceName(resource(target)) })
const resource = (target: string) => ({ scheme: 'https', host: 'a.example', target }) as const

function entry(part: Partial<Judged> & { target?: string } = {}): Judged {
  const { target = '/a', ...rest } = part
  const key = cacheKey({ partition: 'p', method: 'GET', ...resource(target), further: 'x' })
  return { key, tags: [], requestTime: 0, sequence: 0, ...rest }
}

describe('PurgeLog', () => {
  test('judges what is known by its sequence, and what is found by its time', () => {
    const log = new PurgeLog()
    log.purge(tag('one'), false, 1_000)
    log.purge(tag('two'), true, 2_000)
    const cases: [Partial<Judged>, Verdict][] = [
      [{ tags: ['one'], sequence: 0 }, 'gone'],
      [{ tags: ['one'], sequence: 1 }, 'current'],
      [{ tags: ['two'], sequence: 1 }, { staleSince: 2_000 }],
      [{ tags: ['two'], sequence: 2 }, 'current'],
      [{ tags: ['two', 'one'], sequence: 0 }, 'gone'],
      [{ tags: ['three'], sequence: 0 }, 'current'],
      [{ tags: ['one'], sequence: undefined, requestTime: 1_000 }, 'gone'],
      [{ tags: ['one'], sequence: undefined, requestTime: 1_001 }, 'current'],
      [{ tags: ['two'], sequence: undefined, requestTime: 2_000 }, { staleSince: 2_000 }],
      [{ tags: ['two'], sequence: undefined, requestTime: 2_001 }, 'current'],
    ]
    for (const [part, verdict] of cases) expect(log.judge(entry(part)), JSON.stringify(part)).toEqual(verdict)
  })

  test('leaves alone what was asked for long after an old purge that is heard of late', () => {
    const log = new PurgeLog()
    log.purge(EVERYTHING, false, 1_000)
    expect(log.judge(entry({ sequence: 0, requestTime: 61_000 }))).toBe('gone')
    expect(log.judge(entry({ sequence: 0, requestTime: 61_001 }))).toBe('current')
  })

  test('notes a purge at no earlier time than that of what was asked for before', () => {
    const log = new PurgeLog()
    log.asked(5_000)
    log.asked(4_000)
    expect([log.timeOf(3_000), log.timeOf(6_000)]).toEqual([5_000, 6_000])
  })

  test('takes what it has forgotten to be gone, and little else', () => {
    const log = new PurgeLog(BOUNDS)
    for (let i = 0; i < 6; i++) log.purge(tag(`t${i}`), true, 1_000 + i)
    expect(log.judge(entry({ tags: ['t5'] }))).toEqual({ staleSince: 1_005 })
    for (const sequence of [0, undefined])
      for (const old of ['t0', 't1', 't2']) expect(log.judge(entry({ tags: [old], sequence }))).toBe('gone')
    expect(log.judge(entry({ tags: ['t0'], sequence: 6 }))).toBe('current')
    const others = Array.from({ length: 100 }, (_, i) => log.judge(entry({ tags: [`other ${i}`] })))
    expect(others.filter((verdict) => verdict !== 'current').length).toBeLessThan(5)
  })

  test('takes all to be gone that is older than a pattern that it has forgotten', () => {
    const log = new PurgeLog(BOUNDS)
    for (const path of ['/1', '/2', '/3']) log.purge(patternSubject(undefined, path), true, 1_000)
    expect(log.judge(entry({ target: '/other', sequence: 0 }))).toBe('gone')
    expect(log.judge(entry({ target: '/other', sequence: 1 }))).toBe('current')
    expect(log.judge(entry({ target: '/3', sequence: 1 }))).toEqual({ staleSince: 1_000 })
  })

  test('remembers so many tags, urls and patterns, and not one more', () => {
    const log = new PurgeLog()
    for (let i = 0; i < 100_010; i++) log.purge(tag(`t${i}`), false, i)
    for (let i = 0; i < 100_010; i++) log.purge(url(`/${i}`), false, i)
    for (let i = 0; i < 1_010; i++) log.purge(patternSubject(undefined, `/${i}`), false, i)
    expect(log.sizes).toEqual({ tags: 100_000, urls: 100_000, patterns: 1_000 })
  })

  test('knows a url however long it is', () => {
    const log = new PurgeLog()
    const long = `/${'x'.repeat(5_000)}`
    log.purge(url(long), false, 1_000)
    expect(log.judge(entry({ target: long }))).toBe('gone')
    expect(log.judge(entry({ target: `${long}x` }))).toBe('current')
  })

  test('agrees with a list of all purges that is gone through', () => {
    const tags = ['a', 'b', 'c', 'd']
    const targets = ['/', '/a', '/a/b', '/a/b?c', '/d']
    const subject = fc.oneof(
      fc.constantFrom(...tags).map(tag),
      fc.constantFrom(...targets).map(url),
      fc.constantFrom('/a', '/a/*', '/:x', '/').map((path) => patternSubject(undefined, path)),
      fc.constant(EVERYTHING),
    )
    const purge = fc.record({ kind: fc.constant('purge' as const), subject, soft: fc.boolean() })
    const stored = fc.record({
      kind: fc.constant('stored' as const),
      tags: fc.subarray(tags),
      target: fc.constantFrom(...targets),
    })
    const step = fc.oneof({ weight: 3, arbitrary: purge }, stored)
    const check = (
      steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
      bounded: boolean,
    ) => {
      const log = bounded ? new PurgeLog(BOUNDS) : new PurgeLog()
      const purges: Purged[] = []
      const entries: { it: Judged; target: string }[] = []
      steps.forEach((it, i) => {
        const time = 1_000 * (i + 1)
        if (it.kind === 'purge') {
          log.purge(it.subject, it.soft, time)
          purges.push({ subject: it.subject, soft: it.soft, sequence: purges.length + 1, time })
        } else {
          const { target, tags: of } = it
          entries.push({ target, it: entry({ target, tags: of, requestTime: time, sequence: log.sequence }) })
        }
      })
      for (const { it, target } of entries) {
        const naive = naively(purges, it, target)
        for (const one of [it, { ...it, sequence: undefined }]) {
          const verdict = log.judge(one)
          // With bounds more may be gone than was purged, and never less.
          if (!bounded || verdict !== 'gone') expect(verdict).toEqual(naive)
        }
      }
    }
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), check), { numRuns: 2_000 })
  })
})

interface Purged {
  readonly subject: PurgeSubject
  readonly soft: boolean
  readonly sequence: number
  readonly time: number
}

function naively(purges: readonly Purged[], it: Judged, target: string): Verdict {
  const isAbout = ({ subject }: Purged) => {
    if (subject.kind === 'tag') return it.tags.includes(subject.tag)
    if (subject.kind === 'url') return subject.name === resourceName(resource(target))
    return subject.kind === 'everything' || isAboutResource(subject, resource(target))
  }
  const about = purges.filter((purge) => purge.sequence > it.sequence! && isAbout(purge))
  if (about.length === 0) return 'current'
  return about.some(({ soft }) => !soft) ? 'gone' : { staleSince: about.at(-1)!.time }
}
