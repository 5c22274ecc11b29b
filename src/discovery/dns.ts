import type { EndpointSource } from '../pool/endpoint-source.ts'
import { sourceRetryMs } from '../pool/source-retry.ts'
import { Answers } from './answers.ts'
import { DnsAnswers, type DnsLook } from './dns-answers.ts'
import { type DnsOptions, type DnsSettings, dnsSettings } from './dns-options.ts'
import { namedSource } from './named-source.ts'
import { pause } from './pause.ts'

/**
 * The addresses of a name in DNS, as a source of a pool: each is an endpoint. Of services (SRV), the priority is the endpoint's
 * tier, and the weight is shared out among the addresses of its host.
 *
 * It asks again when the records are over, by their TTL, between `minMs` and `maxMs`. Where it is not answered, it asks again
 * after 1 s, 2 s, 4 s, and so on up to 30 s, and the last list stays; of one family of addresses that is not answered, its last
 * addresses stay. An answer without an address changes nothing either, unless `allowEmpty` says so.
 *
 * Traps: names are asked for as they stand, without search domains and `/etc/hosts`. Endpoints are addresses, so `https:` ones
 * need the name that their certificate is for: `pool(source, { tls: { servername: 'users.example.com' } })`.
 *
 * @example
 * pool(dns({ host: 'users.default.svc.cluster.local', port: 8080 }), { name: 'users' })
 * pool(dns({ service: '_http._tcp.users.example.com' }), { name: 'users' })
 * @throws `ERR_OPTION_INVALID`
 */
export function dns(options: DnsOptions): EndpointSource {
  const settings = dnsSettings(options)
  const { subject, allowEmpty } = settings
  const what = subject.kind === 'host' ? subject.host : subject.name
  return namedSource(`dns(${what})`, async function* (signal, { clock, random, refused, failed }) {
    const asked = new DnsAnswers(settings, signal, clock)
    const answers = new Answers(what, allowEmpty, refused)
    /** In a row: looks of which not every question was answered. */
    let failures = 0
    while (!signal.aborted) {
      let waitMs: number
      try {
        const look = await asked.look()
        waitMs = holdsMs(look, settings) * (1 + settings.jitter * random())
        if (look.unanswered === undefined) failures = 0
        else {
          if (failures === 0) refused(look.unanswered)
          waitMs = Math.min(waitMs, sourceRetryMs(failures++, random))
        }
        const list = answers.next(look.endpoints)
        if (list !== undefined) yield list
      } catch (error) {
        if (signal.aborted) return
        waitMs = sourceRetryMs(failures++, random)
        failed(error, waitMs)
      }
      await pause(waitMs, signal, clock)
    }
  })
}

/** Of nothing, no record tells how long it holds. */
const EMPTY_MS = 5_000

function holdsMs({ endpoints, ttlMs }: DnsLook, { refreshMs, minMs, maxMs }: DnsSettings): number {
  const told = ttlMs ?? (endpoints.length === 0 ? Math.min(EMPTY_MS, refreshMs) : refreshMs)
  return Math.min(maxMs, Math.max(minMs, told))
}
