import { invalidOption, knownOptions } from '../core/options.ts'
import type { ListenerSettings } from '../transport/listener.ts'
import { type TlsListenOptions, tlsSettings } from '../transport/tls/listen-options.ts'
import { isAlpnProtocol } from '../transport/tls-options.ts'
import { type ListenOptions, listenerSettings } from './description.ts'

/** A listener of `tcp()`. */
export interface TcpListenOptions
  extends Pick<ListenOptions, 'host' | 'proxyProtocol' | 'limits' | 'onConnectionRefused'> {
  /** 0 takes a free one. */
  port: number
  /** TLS that ends here: services get what was encrypted. Default none: what clients send is passed on as it is. */
  tls?: TlsListenOptions
  /** Protocols that clients can agree on in TLS that ends here, the one preferred first. Default none. */
  alpn?: readonly string[]
}

/** @throws `ERR_OPTION_INVALID` */
export function tcpListenerSettings(given: number | TcpListenOptions): ListenerSettings {
  const options = typeof given === 'number' ? { port: given } : given
  if (typeof options !== 'object' || options === null || options.port === undefined)
    throw invalidOption('listen', 'port', 'a port number or an object of options with one', given)
  knownOptions('listen', options, [
    'port',
    'host',
    'proxyProtocol',
    'limits',
    'tls',
    'alpn',
    'onConnectionRefused',
  ] satisfies (keyof TcpListenOptions)[])
  const { tls, alpn, ...shared } = options
  if (alpn !== undefined && tls === undefined)
    throw invalidOption('listen', 'alpn', 'left out where there is no "tls"', alpn)
  if (alpn !== undefined && !(Array.isArray(alpn) && alpn.every(isAlpnProtocol)))
    throw invalidOption('listen', 'alpn', "a list of protocols, such as ['postgresql']", alpn)
  return {
    ...listenerSettings({ ...shared, http2: false }),
    protocol: 'tcp',
    tls: tls === undefined ? undefined : tlsSettings(tls, alpn ?? []),
  }
}
