import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TlsListenOptions } from './listen-options.ts'
import { tlsSettings } from './listen-options.ts'
import { selfSigned } from './self-signed.ts'
import { CIPHERS, curves, OLD_CIPHERS } from './tls-policy.ts'

const pair = selfSigned({ names: ['a.test', '*.b.test'] })
const other = selfSigned()
const made = (options: object) => tlsSettings(options as TlsListenOptions)

describe('tls of listen', () => {
  it('has safe defaults', () => {
    const { policy, watchMs, ticketKeys, clientCa } = made(pair)
    expect(policy).toEqual({
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      curves: curves(),
      preferServerCiphers: false,
      alpn: ['http/1.1'],
      clientCertificates: 'off',
      sessionMs: 300_000,
    })
    expect([watchMs, ticketKeys, clientCa.files, clientCa.make([])]).toEqual([10_000, undefined, [], []])
  })

  it('offers the groups that this OpenSSL knows, the hybrid first', () => {
    const [major = 0, minor = 0] = process.versions.openssl!.split('.').map(Number)
    const hybrid = major > 3 || (major === 3 && minor >= 5)
    expect(curves()).toBe(`${hybrid ? 'X25519MLKEM768:' : ''}X25519:prime256v1:secp384r1`)
  })

  it('reads the names of servers out of the certificate, unless some are given', () => {
    expect(made(pair).certificates[0]?.make([]).names).toEqual(['a.test', '*.b.test', 'localhost'])
    const given = made({ ...pair, names: ['C.test', '*.D.test'] })
    expect(given.certificates[0]?.make([]).names).toEqual(['c.test', '*.d.test'])
  })

  it('takes bytes as it takes text, and keys that are encrypted', () => {
    const key = createPrivateKey(pair.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    })
    const settings = made({ cert: Buffer.from(pair.cert), key: Buffer.from(key), passphrase: 'secret' })
    expect(settings.certificates[0]?.make([])).toMatchObject({ cert: pair.cert, key, passphrase: 'secret' })
  })

  it('goes below TLS 1.2 by an alarming name only', () => {
    expect(made({ ...pair, minVersion: 'TLSv1.3' }).policy.minVersion).toBe('TLSv1.3')
    const { policy } = made({ ...pair, dangerouslyAllowTls10And11: true })
    expect(policy).toMatchObject({ minVersion: 'TLSv1', ciphers: OLD_CIPHERS })
  })

  it('is the same for options that say the same, and tells others apart', () => {
    const identity = (options: object) => made(options).identity
    expect(identity({ ...pair, onReload: () => {} })).toBe(identity({ ...pair }))
    const all = [
      pair,
      other,
      { ...pair, minVersion: 'TLSv1.3' },
      { ...pair, names: ['x'] },
      { ...pair, ticketKeys: Buffer.alloc(48) },
      { ...pair, ticketKeys: Buffer.alloc(48, 1) },
      { certFile: 'a', keyFile: 'b' },
      { certFile: 'ab', keyFile: 'b' },
    ]
    expect(new Set(all.map(identity)).size).toBe(all.length)
    expect(identity(pair)).not.toContain('PRIVATE')
  })

  it.each<[string, object | number, string]>([
    ['no object', 443, 'listen: "tls" must be an object with a certificate and its key, got 443'],
    ['no certificate', {}, 'listen: "tls.cert" must be PEM, as text or bytes, got undefined'],
    ['no key', { cert: pair.cert }, '"tls.key" must be PEM'],
    [
      'a path for PEM',
      { cert: '/etc/cert.pem', key: '/etc/key.pem' },
      'listen: "tls.cert" must be PEM, as text or bytes ("tls.certFile" is for the path of a file), got string',
    ],
    [
      'a path for the key',
      { cert: pair.cert, key: '/etc/key.pem' },
      'listen: "tls.key" must be PEM, as text or bytes ("tls.keyFile" is for the path of a file), got string',
    ],
    ['a key of another', { cert: pair.cert, key: other.key }, 'but the key is not that of the certificate'],
    [
      'a key that is none',
      { cert: pair.cert, key: '-----BEGIN PRIVATE KEY-----' },
      'but the key cannot be read as PEM',
    ],
    [
      'a passphrase that is missing',
      { cert: pair.cert, key: encrypted() },
      'but the key cannot be read without a passphrase',
    ],
    [
      'a passphrase that is wrong',
      { cert: pair.cert, key: encrypted(), passphrase: 'x' },
      'but the key cannot be read with this passphrase',
    ],
    ['a passphrase that is none', { ...pair, passphrase: 7 }, '"tls.passphrase" must be a string'],
    ['a file for the certificate alone', { certFile: 'a' }, '"tls.keyFile" must be the path of a file'],
    ['a file for the key alone', { keyFile: 'a' }, '"tls.certFile" must be the path of a file'],
    [
      'both files and PEM',
      { certFile: 'a', keyFile: 'b', key: pair.key },
      '"tls.key" must be left out where files are given, got string',
    ],
    ['a misspelling', { ...pair, minVerson: 'TLSv1.3' }, 'did you mean "minVersion"'],
    ['a misspelling in a list', { certificates: [{ ...pair, name: 'x' }] }, 'did you mean "names"'],
    ['a list and one', { ...pair, certificates: [pair] }, 'listen: tls: "cert" must be one of the options'],
    ['an empty list', { certificates: [] }, '"tls.certificates" must be a list'],
    [
      'one of a list',
      { certificates: [pair, { ...pair, key: other.key }] },
      '"tls.certificates[1].cert" must be',
    ],
    ['names that are none', { ...pair, names: ['a b'] }, '"tls.names" must be a list of host names'],
    ['a wildcard in the middle', { ...pair, names: ['a.*.test'] }, '"tls.names"'],
    ['no names', { ...pair, names: [] }, '"tls.names"'],
    [
      'an OCSP response that is none',
      { ...pair, ocsp: Buffer.from([0x30, 3, 0x0a, 1, 6]) },
      'but the OCSP response is none',
    ],
    [
      'an OCSP file beside PEM',
      { ...pair, ocspFile: 'a' },
      '"tls.cert" must be left out where files are given',
    ],
    [
      'an old version',
      { ...pair, minVersion: 'TLSv1.1' },
      '"tls.minVersion" must be "TLSv1.2" or "TLSv1.3", got "TLSv1.1"',
    ],
    [
      'two minds',
      { ...pair, minVersion: 'TLSv1.2', dangerouslyAllowTls10And11: true },
      '"tls.minVersion" must be left out',
    ],
    ['a flag that is none', { ...pair, dangerouslyAllowTls10And11: 'yes' }, 'must be true or false'],
    [
      'unknown ciphers',
      { ...pair, ciphers: 'ROT13' },
      '"tls.ciphers" must be cipher suites that OpenSSL knows',
    ],
    ['no ciphers', { ...pair, ciphers: '' }, '"tls.ciphers"'],
    ['unknown groups', { ...pair, curves: 'X1' }, '"tls.curves" must be groups that OpenSSL knows'],
    [
      'an unknown wish',
      { ...pair, clientCertificates: true },
      '"tls.clientCertificates" must be "off", "request" or "require"',
    ],
    ['nobody who vouches', { ...pair, clientCertificates: 'require' }, '"tls.clientCa" must be given'],
    [
      'authorities for nothing',
      { ...pair, clientCa: pair.cert },
      '"tls.clientCertificates" must be "request" or "require"',
    ],
    [
      'authorities that are none',
      { ...pair, clientCertificates: 'request', clientCa: ['x'] },
      '"tls.clientCa" must be certificates',
    ],
    [
      'two kinds of authorities',
      { ...pair, clientCertificates: 'request', clientCa: pair.cert, clientCaFile: 'a' },
      '"tls.clientCa" must be left out',
    ],
    [
      'ticket keys that are too short',
      { ...pair, ticketKeys: Buffer.alloc(47) },
      '"tls.ticketKeys" must be 48 bytes, got 47',
    ],
    [
      'two kinds of ticket keys',
      { ...pair, ticketKeys: Buffer.alloc(48), ticketKeysFile: 'a' },
      '"tls.ticketKeys" must be left out',
    ],
    ['a time that is none', { ...pair, sessionMs: 'soon' }, '"tls.sessionMs" must be a duration'],
    ['no time at all', { ...pair, watchMs: 0 }, '"tls.watchMs" must be a duration of at least 1 ms'],
    ['a listener that is none', { ...pair, onReload: 7 }, '"tls.onReload" must be a function'],
  ])('refuses %s', (_, options, message) => {
    let thrown: unknown
    try {
      tlsSettings(options as never)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) })
    // A key must not get into a log.
    expect(String(thrown)).not.toContain('PRIVATE KEY')
  })
})

function encrypted() {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const
  return createPrivateKey(pair.key).export(options)
}
