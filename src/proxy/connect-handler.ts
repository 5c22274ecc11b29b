import { ProxyError } from '../core/errors.ts'
import { compose, type Filter, type Handler } from '../core/handler.ts'
import type { Runtime } from '../transport/runtime.ts'
import { dial } from '../transport/tcp/dialer.ts'
import {
  allowedDestination,
  allowsAddress,
  type ConnectSettings,
  withoutBrackets,
} from './connect-options.ts'

/** What answers CONNECT: filters, and what may be connected to. */
export interface ConnectEntry {
  readonly filters: readonly Filter[]
  readonly settings: ConnectSettings
}

/** Answers CONNECT with a tunnel to the host and port that the client has named. */
export function connectHandler({ filters, settings }: ConnectEntry, runtime: Runtime): Handler {
  return compose(filters, (exchange) => {
    const { method, host: authority } = exchange.request
    if (method !== 'CONNECT') throw new ProxyError('method_not_implemented')
    const colon = authority.lastIndexOf(':')
    const host = withoutBrackets(authority.slice(0, colon)).replace(/\.$/, '')
    const port = Number(authority.slice(colon + 1))
    const allowed = allowedDestination(settings, host, port)
    if (allowed === undefined) throw new ProxyError('destination_denied')
    if (allowed === 'address') return dial({ host, port }, exchange, runtime, settings)
    const allows = (address: string): boolean => allowsAddress(settings, address)
    return dial({ host, port, allows }, exchange, runtime, settings)
  })
}
