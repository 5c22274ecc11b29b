import { isIP } from 'node:net'
import type { TlsConnectOptions, TlsFacts } from '../../core/network.ts'

/** @internal What both ends of a connection see of TLS that is not there. */
export function pretendedFacts(asked: TlsConnectOptions, alpn: string | undefined): TlsFacts {
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn,
    // RFC 6066 section 3: an address is no name of a server, and is not sent.
    servername: asked.servername === undefined || isIP(asked.servername) !== 0 ? undefined : asked.servername,
    resumed: false,
    clientCertificate: undefined,
  }
}
