import { describe, expect, it } from 'vitest'
import { selfSigned } from '../../transport/tls/self-signed.ts'
import { adminSettings } from '../admin-options.ts'
import { admitsAllOf } from './admits-all-of.ts'

const [ONE, TWO] = ['first-of-the-two-tokens', 'second-of-the-two-tokens']
const certificate = selfSigned()
const required = { ...certificate, clientCertificates: 'require', clientCa: certificate.cert } as const

describe('admitsAllOf', () => {
  it.each([
    ['none', {}, {}, true],
    ['more tokens', { token: ONE }, { token: [TWO, ONE] }, true],
    ['fewer', { token: [TWO, ONE] }, { token: ONE }, false],
    ['none where there was one', { token: ONE }, {}, true],
    ['the same TLS', { tls: { ...required } }, { tls: { ...required } }, true],
    ['other authorities', { tls: required }, { tls: { ...required, clientCa: selfSigned().cert } }, false],
    ['no certificates of clients', { tls: certificate, token: ONE }, { tls: required, token: ONE }, false],
    ['bodies that are shown no more', { tapBodies: true }, {}, false],
    ['bodies that are shown now', {}, { tapBodies: true }, true],
    ['TLS where there was none', { token: ONE }, { token: ONE, tls: certificate }, false],
  ])('knows it of %s', (_, before, now, admitted) => {
    expect(admitsAllOf(adminSettings(now), adminSettings(before))).toBe(admitted)
  })
})
