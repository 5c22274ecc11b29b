import type { ReadFamilies } from './read-families.ts'

export const listenerFamilies: ReadFamilies = (gauge, counter, view) => {
  const listeners = () => view()?.listeners ?? []
  return [
    gauge(
      'proxy_active_connections',
      'Open connections of clients, those in a TLS handshake included.',
      ['listener'],
      (put) => {
        for (const { url, connections } of listeners()) put(connections, url)
      },
    ),
    counter('proxy_connections_accepted_total', 'Connections that were accepted.', ['listener'], (put) => {
      for (const { url, accepted } of listeners()) put(accepted, url)
    }),
    counter(
      'proxy_connections_refused_total',
      'Connections that never came to a request, by the reason why: a TLS handshake that failed, for example.',
      ['listener', 'reason'],
      (put) => {
        for (const { url, refusals } of listeners())
          for (const [reason, count] of refusals) put(count, url, reason)
      },
    ),
    gauge(
      'proxy_tls_certificate_expiry_timestamp_seconds',
      'When the first of the certificates of a listener is over, since 1970 UTC.',
      ['listener'],
      (put) => {
        for (const { url, certificatesEndAt } of listeners())
          if (certificatesEndAt !== undefined) put(certificatesEndAt / 1000, url)
      },
      Math.min,
    ),
  ]
}
