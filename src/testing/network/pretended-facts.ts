import type { TlsConnectOptions, TlsFacts } from '../../core/network.ts'

/** @internal What both ends of a connection see of TLS that is not there. */
export function pretendedFacts(asked: TlsConnectOptions, alpn: string | undefined): TlsFacts {
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn,
    servername: asked.servername,
    resumed: false,
    clientCertificate: undefined,
  }
}
