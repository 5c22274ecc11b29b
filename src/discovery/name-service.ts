import { Resolver } from 'node:dns/promises'

/** Whom `dns` asks. Of one's own for names that are kept elsewhere, and for tests. */
export interface NameService {
  /** The addresses of a name, of one family. Nothing where it has none, or is not known; rejects where there is no answer. */
  addresses(name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly AddressRecord[]>
  /** The services (SRV) of a name, likewise. */
  services(name: string, signal: AbortSignal): Promise<readonly ServiceRecord[]>
}

/** An A or AAAA record. */
export interface AddressRecord {
  readonly address: string
  /** How long it holds, in milliseconds; `undefined` where that is not known. */
  readonly ttlMs?: number | undefined
}

/** An SRV record (RFC 2782). */
export interface ServiceRecord {
  /** A name, not an address. `.` says that there is no such service. */
  readonly host: string
  readonly port: number
  /** The lower ones serve first. */
  readonly priority: number
  readonly weight: number
  readonly ttlMs?: number | undefined
}

/** A question is sent again after this time, and then after longer ones. */
const TRY_MS = 1_500
const TRIES = 3

/** Says that there is nothing of the kind, or no such name. */
const NOTHING: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * Asks name servers: those of the system, unless others are given. It knows nothing of `/etc/hosts` and of search domains.
 * @throws what Node says of a server that is no address
 */
export function systemNameService(servers: readonly string[] | undefined): NameService {
  resolver(servers)
  return {
    async addresses(name, family, signal) {
      const found = await ask(servers, signal, (it) =>
        family === 4 ? it.resolve4(name, { ttl: true }) : it.resolve6(name, { ttl: true }),
      )
      return found.map(({ address, ttl }) => ({ address, ttlMs: ttl * 1_000 }))
    },
    async services(name, signal) {
      const found = await ask(servers, signal, (it) => it.resolveSrv(name))
      // Node does not tell how long they hold.
      return found.map(({ name: host, port, priority, weight }) => ({ host, port, priority, weight }))
    },
  }
}

/** One for each question: to cancel it cancels nothing else, and it goes by what the system is configured to now. */
function resolver(servers: readonly string[] | undefined): Resolver {
  const made = new Resolver({ timeout: TRY_MS, tries: TRIES })
  if (servers !== undefined) made.setServers(servers)
  return made
}

async function ask<T>(
  servers: readonly string[] | undefined,
  signal: AbortSignal,
  call: (resolver: Resolver) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const asked = resolver(servers)
  const onAbort = (): void => asked.cancel()
  signal.addEventListener('abort', onAbort)
  try {
    return await call(asked)
  } catch (error) {
    if (NOTHING.has((error as NodeJS.ErrnoException).code)) return []
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
