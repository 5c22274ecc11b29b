import { createSecureContext } from 'node:tls'

/*
 * Mozilla's recommendation for servers of general purpose: "intermediate" of the Server Side TLS guidelines, version 6.0
 * (April 2026, https://ssl-config.mozilla.org/guidelines/6.0.json). All suites have forward secrecy and are AEADs. As there,
 * the client's order counts by default: each of them is good, and a client without AES in its processor knows it.
 */

/** Cipher suites in OpenSSL's words: those of TLS 1.3, then those of TLS 1.2. */
export const CIPHERS: string = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** What TLS 1.0 and 1.1 have besides. OpenSSL 3 signs their handshakes at security level 0 only. */
export const OLD_CIPHERS: string = [
  CIPHERS,
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  '@SECLEVEL=0',
].join(':')

const HYBRID = 'X25519MLKEM768'
const CURVES = 'X25519:prime256v1:secp384r1'
let known: string | undefined

/** Groups for the key exchange: the hybrid with ML-KEM first, where OpenSSL knows it (3.5, so not in Node 22). */
export function curves(): string {
  known ??= knows(HYBRID) ? `${HYBRID}:${CURVES}` : CURVES
  return known
}

function knows(group: string): boolean {
  try {
    createSecureContext({ ecdhCurve: group })
    return true
  } catch {
    return false
  }
}
