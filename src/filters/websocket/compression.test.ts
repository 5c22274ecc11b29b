import { describe, expect, test } from 'vitest'
import { Agreement, offeredCompression } from './compression.ts'
import { wsParts } from './ws-parts.ts'

const ws = wsParts()

describe('offeredCompression', () => {
  test.each([
    [undefined, undefined],
    ['permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate; client_max_window_bits'],
    [
      'permessage-deflate; server_max_window_bits=10, permessage-deflate',
      'permessage-deflate; server_max_window_bits=10, permessage-deflate',
    ],
    ['x-webkit-deflate-frame', undefined],
    [
      'permessage-bzip2, permessage-deflate; client_no_context_takeover',
      'permessage-deflate; client_no_context_takeover',
    ],
    ['permessage-deflate; server_max_window_bits=99, permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; what=this', undefined],
  ])('of %s is %s', (field, offered) => {
    expect(offeredCompression(ws, field)).toBe(offered)
  })

  test.each(['', ',', 'a b', 'permessage-deflate;', 'permessage-deflate; x="'])('refuses %s', (field) => {
    expect(() => offeredCompression(ws, field)).toThrow(
      expect.objectContaining({ code: 'request_malformed', status: 400 }),
    )
  })
})

describe('Agreement', () => {
  const offered = 'permessage-deflate; client_max_window_bits'

  test('is none where the service agrees to nothing', () => {
    expect(new Agreement(ws, undefined, offered).deflate(true, 0)).toBeUndefined()
  })

  test('has the same parameters for both sides', () => {
    const agreement = new Agreement(
      ws,
      'permessage-deflate; server_no_context_takeover; client_max_window_bits=12',
      offered,
    )
    const params = { server_no_context_takeover: true, client_max_window_bits: 12 }
    expect(agreement.deflate(true, 0)).toMatchObject({ params })
    expect(agreement.deflate(false, 0)).toMatchObject({ params })
  })

  test.each([
    ['permessage-deflate', undefined],
    ['permessage-bzip2', offered],
    ['permessage-deflate, permessage-deflate', offered],
    ['permessage-deflate, permessage-bzip2', offered],
    ['permessage-deflate; client_max_window_bits', offered],
    ['permessage-deflate; server_max_window_bits=7', offered],
    ['permessage-deflate; what', offered],
    ['', offered],
    ['a b', offered],
  ])('refuses %s for %s', (field, offer) => {
    expect(() => new Agreement(ws, field, offer)).toThrow(
      expect.objectContaining({ code: 'upstream_upgrade_failed', status: 502 }),
    )
  })
})
