import { describe, expect, test } from 'vitest'
import { pool } from '../index.ts'
import { ServiceAddress, targetOf, usedBy, withTargets } from './target.ts'

describe('targetOf', () => {
  test('leaves handlers and pools as they are', () => {
    const [handler, users] = [() => Promise.reject(new Error('unused')), pool(['http://users'])]
    expect(targetOf('f', 'service', handler)).toBe(handler)
    expect(targetOf('f', 'service', users)).toBe(users)
  })

  test.each([
    ['https://id.example.com', 'https://id.example.com'],
    ['HTTPS://ID.example.com:443/', 'https://id.example.com'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('takes %s for the service at %s', (text, origin) => {
    expect(targetOf('f', 'service', text)).toEqual(new ServiceAddress(origin))
  })

  test.each([
    '',
    'id.example.com',
    'ftp://id',
    'https://id/keys',
    'https://id?x',
    'https://id/#x',
    'https://a:b@id',
    7,
    null,
    {},
  ])('refuses %j', (given) => {
    expect(() => targetOf('f', 'service', given as string)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'service' }),
    )
  })
})

test('usedBy gives what functions name, in their order', () => {
  const [one, other] = [pool(['http://one']), pool(['http://other'])]
  const plain = () => {}
  expect(usedBy([plain, withTargets(() => {}, [one, other]), withTargets(() => {}, [one])])).toEqual([
    one,
    other,
    one,
  ])
})
