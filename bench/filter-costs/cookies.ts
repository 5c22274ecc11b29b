import { cookies } from 'gatewright/filters/cookies'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'cookies, one Set-Cookie',
    filters: () => [
      cookies({ request: { remove: ['_ga'] }, response: { domain: false, secure: true, sameSite: 'lax' } }),
    ],
    headers: { Cookie: '_ga=GA1.2.3; session=6' },
    response:
      'HTTP/1.1 200 OK\r\nSet-Cookie: session=7; Domain=shop.internal; Path=/\r\nContent-Length: 2\r\n\r\nok',
  },
]
