import type { RouteDescription } from '../proxy/route-listing.ts'
import type { EndpointDescription, TargetDescription } from '../transport/runtime.ts'
import type { Plan } from './plan.ts'

/** A pool can have thousands, and who reads this wants to see the rest, too. */
const MOST_ENDPOINTS = 10

/** A plan for people: a line for each thing in it. */
export function planLines({ listeners, routes, upstreams, companions, workers }: Plan): string[] {
  return [
    ...listeners.map((url) => fact('listener', url)),
    ...companions.map((kind) => fact('with', kind)),
    ...(workers === 1 ? [] : [fact('workers', String(workers))]),
    ...routes.map((route) => fact('route', routeLine(route))),
    ...upstreams.flatMap(upstreamLines),
  ]
}

/** `GET /users/:id  ->  jwt > rateLimit > users` */
export function routeLine({ match, filters, target }: RouteDescription): string {
  return `${match}  ->  ${[...filters, target.name].join(' > ')}`
}

/** `  route      /users` */
export function fact(what: string, text: string): string {
  return `  ${what.padEnd(10)} ${text}`
}

function upstreamLines({ name, balancer, endpoints = [], source, resilience }: TargetDescription): string[] {
  const asked = ['health', 'retry', 'hedge', 'deadline', 'eject', 'slowStart'] as const
  const parts = asked.filter((part) => resilience?.[part] !== undefined)
  const facts = [name, ...(balancer === undefined ? [] : [`balanced by ${balancer}`]), ...parts]
  const more = endpoints.length > MOST_ENDPOINTS ? [`and ${endpoints.length - MOST_ENDPOINTS} more`] : []
  return [
    fact('upstream', facts.join(', ')),
    ...(source === undefined ? [] : [fact('', `endpoints from ${source}`)]),
    ...[...endpoints.slice(0, MOST_ENDPOINTS).map(endpointText), ...more].map((text) => fact('', text)),
  ]
}

function endpointText({ url, weight, priority, zone }: EndpointDescription): string {
  const facts = [url]
  if (weight !== 1) facts.push(`weight ${weight}`)
  if (priority !== 0) facts.push(`priority ${priority}`)
  if (zone !== undefined) facts.push(`zone ${zone}`)
  return facts.join(', ')
}
