import type { RoutedProxy, RunningProxy } from 'gatewright'

/** What runs, and what to try, for a terminal. */
export function banner(app: RoutedProxy, running: RunningProxy): string {
  const rows = app.routes.map(({ match, filters, target }) => {
    const endpoints = target.endpoints?.map(({ url }) => url).join(', ')
    const served = endpoints === undefined ? target.name : `${target.name}, ${target.balancer}: ${endpoints}`
    return { match, filters: filters.join(' > ') || '-', served }
  })
  const width = (key: 'match' | 'filters') => Math.max(key.length, ...rows.map((row) => row[key].length))
  const table = [{ match: 'ROUTE', filters: 'FILTERS', served: 'SERVED BY' }, ...rows].map(
    ({ match, filters, served }) =>
      `    ${match.padEnd(width('match'))}  ${filters.padEnd(width('filters'))}  ${served}`,
  )
  const listeners = running.addresses.map(({ address, port }) => `${address}:${port}`)
  return `
  Gatewright listens on ${listeners.join(', ')}

${table.join('\n')}

  Try, several times:  curl -i ${running.url}/users/42
  Ctrl-C finishes what runs, then ends.
`
}
