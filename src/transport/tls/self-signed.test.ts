import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../testing/index.ts'
import { selfSigned } from './self-signed.ts'
import { subjectAltNames } from './subject-alt-names.ts'

const namesOf = (cert: string) => subjectAltNames(new X509Certificate(cert)).map(({ value }) => value)

describe('selfSigned', () => {
  it('makes a certificate that its own key has signed, for localhost and the names given', () => {
    const { cert, key } = selfSigned({ names: ['app.test', '*.app.test', '10.1.2.3'] })
    const made = new X509Certificate(cert)
    expect(made.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect(made.verify(made.publicKey)).toBe(true)
    expect(made.ca).toBe(false)
    expect([made.subject, made.issuer]).toEqual(['CN=app.test', 'CN=app.test'])
    for (const name of ['app.test', 'x.app.test', 'localhost'])
      expect(made.checkHost(name), name).toBeDefined()
    for (const name of ['x.y.app.test', 'other.test']) expect(made.checkHost(name), name).toBeUndefined()
    for (const address of ['10.1.2.3', '127.0.0.1', '::1']) expect(made.checkIP(address)).toBe(address)
    expect(made.checkIP('10.1.2.4')).toBeUndefined()
  })

  it.each([
    ['2001:db8::7', '2001:DB8:0:0:0:0:0:7'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['fe80::1:0:0:2', 'FE80:0:0:0:1:0:0:2'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['::ffff:1.2.3.4', '0:0:0:0:0:FFFF:102:304'],
  ])('writes the address %s as its sixteen bytes', (address, read) => {
    expect(namesOf(selfSigned({ names: [address] }).cert)).toContain(read)
  })

  it('names nobody twice', () => {
    expect(namesOf(selfSigned({ names: ['localhost', 'a.test', 'a.test'] }).cert)).toEqual([
      'localhost',
      'a.test',
      '127.0.0.1',
      '0:0:0:0:0:0:0:1',
    ])
  })

  it('holds from an hour ago for as long as it is told, by the date of the clock', () => {
    const clock = virtualClock({ startAt: new Date('2026-03-01T12:00:00Z') })
    const made = new X509Certificate(selfSigned({ clock, validFor: '2d' }).cert)
    expect(new Date(made.validFrom).toISOString()).toBe('2026-03-01T11:00:00.000Z')
    expect(new Date(made.validTo).toISOString()).toBe('2026-03-03T12:00:00.000Z')
    const monthly = new X509Certificate(selfSigned({ clock }).cert)
    expect(new Date(monthly.validTo).toISOString()).toBe('2026-03-31T12:00:00.000Z')
  })

  it('writes years of four digits from 2050 on', () => {
    const clock = virtualClock({ startAt: new Date('2049-12-31T23:30:00Z') })
    const made = new X509Certificate(selfSigned({ clock, validFor: '1h' }).cert)
    expect(new Date(made.validFrom).toISOString()).toBe('2049-12-31T22:30:00.000Z')
    expect(new Date(made.validTo).toISOString()).toBe('2050-01-01T00:30:00.000Z')
  })

  it('makes another key each time', () => {
    const [one, other] = [selfSigned(), selfSigned()]
    expect(one.key).not.toBe(other.key)
    expect(new X509Certificate(one.cert).serialNumber).not.toBe(new X509Certificate(other.cert).serialNumber)
  })

  it.each([
    { names: 'a.test' },
    { names: [''] },
    { names: ['a b'] },
    { names: ['a..b'] },
    { names: ['x.*.test'] },
    { names: ['-a.test'] },
    { names: ['ä.test'] },
    { names: ['fe80::1%eth0'] },
    { names: [`${'a'.repeat(64)}.test`] },
    { validFor: 0 },
    { validFor: 'soon' },
    { name: ['a.test'] },
  ])('refuses %j', (options) => {
    expect(() => selfSigned(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID' }),
    )
  })
})
