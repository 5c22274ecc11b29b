import { expect, test } from 'vitest'
import type { TlsConnectOptions } from '../core/network.ts'
import { memoryNetwork, virtualClock } from '../testing/index.ts'
import { ConnectorRegistry } from './connector-registry.ts'
import { selfSigned } from './tls/self-signed.ts'
import { upstreamLimits } from './upstream-limits.ts'

const [one, other] = [selfSigned(), selfSigned()]
const PIN = `${'A'.repeat(43)}=`

function connectorOf(registry: ConnectorRegistry, tls: TlsConnectOptions | undefined) {
  return registry.acquire({ host: 'a', port: 443, tls }, upstreamLimits())
}

test('connections are shared by those who want the same of TLS', () => {
  const registry = new ConnectorRegistry(memoryNetwork(), virtualClock())
  const options = { servername: 'a', ca: [one.cert], pins: [PIN] }
  expect(connectorOf(registry, options)).toBe(
    connectorOf(registry, { pins: [PIN], ca: [one.cert], servername: 'a' }),
  )
  expect(connectorOf(registry, { servername: 'a' })).toBe(
    connectorOf(registry, { servername: 'a', ca: undefined }),
  )
  expect(registry.size).toBe(2)
})

// Or one pool's requests would go over connections that the other one would never have made.
test('connections are not shared by those who want anything else of TLS', () => {
  const registry = new ConnectorRegistry(memoryNetwork(), virtualClock())
  const all: (TlsConnectOptions | undefined)[] = [
    undefined,
    {},
    { servername: 'a' },
    { verifyName: 'a' },
    { ca: one.cert },
    { ca: other.cert },
    { ca: Buffer.from(one.cert) },
    { cert: one.cert, key: one.key },
    { cert: other.cert, key: other.key },
    { pins: [PIN] },
    { pins: [PIN, `B${PIN.slice(1)}`] },
    { minVersion: 'TLSv1.3' },
    { alpn: ['h2', 'http/1.1'] },
    { dangerouslyAcceptAnyCertificate: true },
  ]
  expect(new Set(all.map((tls) => connectorOf(registry, tls))).size).toBe(all.length)
})
