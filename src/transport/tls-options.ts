import { X509Certificate } from 'node:crypto'
import type { TlsConnectOptions } from '../core/network.ts'
import { invalidOption, knownOptions } from '../core/options.ts'

/** Refuses what no connection could be made with, at the call that gives it and not at the first request. */
export function checkTlsOptions(owner: string, tls: TlsConnectOptions): void {
  knownOptions(owner, tls, ['servername', 'ca', 'dangerouslyAcceptAnyCertificate'])
  const { servername, ca, dangerouslyAcceptAnyCertificate } = tls
  if (servername !== undefined && (typeof servername !== 'string' || servername === '')) {
    throw invalidOption(owner, 'tls.servername', 'a host name', servername)
  }
  if (dangerouslyAcceptAnyCertificate !== undefined && typeof dangerouslyAcceptAnyCertificate !== 'boolean') {
    throw invalidOption(
      owner,
      'tls.dangerouslyAcceptAnyCertificate',
      'true or false',
      dangerouslyAcceptAnyCertificate,
    )
  }
  if (ca === undefined) return
  for (const one of [ca].flat()) {
    try {
      new X509Certificate(one)
    } catch {
      throw invalidOption(owner, 'tls.ca', 'certificates as PEM text or bytes', one)
    }
  }
}
