import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { respond } from '../../core/message.ts'
import { exchange, run } from '../../testing/index.ts'
import { accessLog } from '../access-log.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { jsonLine } from './json-line.ts'

/** One of every member. */
async function fullEntry(): Promise<AccessLogEntry> {
  const entries: object[] = []
  const log = accessLog({ to: { info: (entry) => entries.push(entry as object) } })
  const ran = await run(log, exchange(), () => respond(200))
  await ran.finish()
  return {
    ...(entries[0] as AccessLogEntry),
    query: 'a=1',
    route: '/a/:b',
    reason: 'upstream_reset',
    by: 'upstream',
    phase: 'body',
    pool: 'users',
    endpoint: 'http://u1',
    tries: [
      { kind: 'first', endpoint: 'http://u1', status: undefined, error: 'upstream_reset', ms: 0.001 },
      { kind: 'retry', endpoint: 'http://u2', status: 200, error: undefined, ms: 12.34 },
    ],
    cache: 'miss',
    grpcStatus: 'OK',
    limitMs: 0,
    queueMs: 0.001,
    connectMs: 1.01,
    requestMs: 3_600_000.999,
    headMs: 1e12,
    bodyMs: 100,
    peer: '10.0.0.1',
    tls: 'TLSv1.3',
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    userAgent: 'curl',
    referer: 'http://a',
    requestHeaders: { accept: '*/*' },
    responseHeaders: { etag: '"a"' },
    fields: { user: 'ann', n: 1.5, ok: false },
  }
}

describe('jsonLine', () => {
  it('has every member of an entry, in the form of JSON.stringify', async () => {
    const entry = await fullEntry()
    expect(Object.values(entry).filter((it) => it === undefined)).toEqual([])
    expect(JSON.parse(jsonLine(entry))).toEqual(entry)
  })

  it('leaves out what is undefined', async () => {
    const entry = { ...(await fullEntry()), query: undefined, status: undefined, tries: undefined }
    expect(JSON.parse(jsonLine(entry))).toEqual(JSON.parse(JSON.stringify(entry)))
  })

  it('is one line of ASCII that reads as the entry, whatever texts are in it', async () => {
    const entry = await fullEntry()
    const text = fc.string({ unit: fc.integer({ max: 0xffff }).map((it) => String.fromCharCode(it)) })
    fc.assert(
      fc.property(text, text, fc.nat({ max: 1e9 }), (one, other, us) => {
        const hostile: AccessLogEntry = {
          ...entry,
          host: one,
          path: other,
          userAgent: one,
          pool: other,
          client: one,
          tries: [{ ...entry.tries![0]!, endpoint: one }],
          requestHeaders: { [`x${one}`]: other },
          fields: { [`x${other}`]: one },
          durationMs: us / 1_000,
        }
        const line = jsonLine(hostile)
        expect(line).toMatch(/^[ -~]*$/)
        expect(JSON.parse(line)).toEqual(hostile)
      }),
    )
  })
})
