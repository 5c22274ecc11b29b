import type { Client } from '../../core/exchange.ts'
import { type Filter, named } from '../../core/handler.ts'
import { type HostPattern, hostMatches } from '../../core/host-pattern.ts'
import type { RequestMessage } from '../../core/message.ts'
import { plainAddress } from '../../core/plain-address.ts'
import { isLoopback } from '../admin-options.ts'
import { problemAnswer, Refusal } from '../problem-answer.ts'

/**
 * Refuses requests for a host that is not this one. A page can have its own name stand for our address (DNS rebinding): then
 * browsers take us for the page's own origin, and let it read what we answer. They cannot but say that name as the host.
 */
export function ownHost(bound: string, allowed: readonly HostPattern[]): Filter {
  const filter: Filter = (exchange, next) => {
    const { request, client } = exchange
    // In absolute form they may differ. `host` is the one that counts; the other one is not to be foreign either.
    const hosts = [request.host, ...request.headers.getAll('host')]
    if (hosts.every((host) => isOwn(host, request, client, bound, allowed))) return next(exchange)
    const detail = 'this host is none of its own: ask by the address, or name the host in "allowedHosts"'
    return problemAnswer(new Refusal(421, 'Misdirected request', detail))
  }
  return named(filter, 'ownHost')
}

/** What stands for all addresses is the address of none. */
const ALL: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

function isOwn(
  host: string,
  { scheme }: RequestMessage,
  { localAddress }: Client,
  bound: string,
  allowed: readonly HostPattern[],
): boolean {
  if (host === '') return false
  const name = nameOf(host)
  if (name === undefined) return false
  return (
    isLoopback(name) ||
    (name === nameOf(bound) && !ALL.has(name)) ||
    (localAddress !== undefined && name === nameOf(plainAddress(localAddress))) ||
    allowed.some((pattern) => hostMatches(pattern, { host, scheme }))
  )
}

/** Without port, brackets and the dot at the end; an address in its one form. */
function nameOf(host: string): string | undefined {
  const isBareIpv6 = host.split(':').length > 2 && !host.startsWith('[')
  const url = URL.parse(`http://${isBareIpv6 ? `[${host}]` : host}`)
  return url?.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}
