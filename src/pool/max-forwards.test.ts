import { describe, expect, test } from 'vitest'
import { exchange } from '../testing/exchange.ts'
import { lastRecipientAnswer } from './max-forwards.ts'

function answered(method: string, value: string): [number | undefined, string | undefined] {
  const { request } = exchange({ method, headers: { 'Max-Forwards': value } })
  return [lastRecipientAnswer(request)?.status, request.headers.get('max-forwards')]
}

describe('lastRecipientAnswer', () => {
  test.each([
    ['OPTIONS', '3', undefined, '2'],
    ['OPTIONS', '0', 204, '0'],
    ['TRACE', '1', undefined, '0'],
    ['GET', '0', undefined, '0'],
    ['OPTIONS', 'many', undefined, 'many'],
  ])('%s with Max-Forwards: %s', (method, value, status, left) => {
    expect(answered(method, value)).toEqual([status, left])
  })

  test('gives nothing of a TRACE back', () => {
    expect(() => answered('TRACE', '0')).toThrow(expect.objectContaining({ code: 'method_not_implemented' }))
  })
})
