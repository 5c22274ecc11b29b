import { respond } from 'gatewright'
import { forwardAuth } from 'gatewright/filters/forward-auth'
import type { FilterCost } from './filter-cost.ts'

const service = () => respond(200, undefined, { 'Remote-User': 'ada' })
const shared = { endpoint: { service, path: '/verify' }, identityHeaders: ['Remote-User'] }
const headers = { Cookie: 'session=2YotnFZFEjr1zCsicMWpAA' }

export const costs: readonly FilterCost[] = [
  {
    name: 'forwardAuth, kept',
    filters: () => [
      forwardAuth({ ...shared, cacheKey: ({ request }) => request.headers.get('cookie'), cacheMs: '1d' }),
    ],
    headers,
  },
  {
    name: 'forwardAuth, asked each time',
    filters: (users) => [forwardAuth({ ...shared, endpoint: { service: users, path: '/verify' } })],
    headers,
  },
]
