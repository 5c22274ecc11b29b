import { isIP } from 'node:net'
import type { ConnectOptions } from '../../core/network.ts'
import { invalidOption, OptionError } from '../../core/options.ts'

export interface LoadDestination {
  readonly destination: ConnectOptions
  /** For the `Host` field. */
  readonly host: string
  /** The request target. */
  readonly target: string
}

/** Who a url means, and what to ask of them. */
export function loadDestination(text: string, insecure: boolean): LoadDestination {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '')
    throw invalidOption('bench', 'url', 'an http: or https: url', text)
  if (url.username !== '' || url.password !== '')
    throw new OptionError('bench: the url must not hold credentials; give them by --header', 'url')
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    host: url.host,
    target: `${url.pathname}${url.search}`,
    destination: {
      host,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      tls: secure
        ? {
            ...(isIP(host) === 0 ? { servername: host } : { verifyName: host }),
            dangerouslyAcceptAnyCertificate: insecure,
          }
        : undefined,
    },
  }
}
