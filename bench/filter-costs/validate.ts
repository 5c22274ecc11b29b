import { validate } from 'gatewright/filters/validate'
import type { FilterCost } from './filter-cost.ts'

const body = JSON.stringify({
  mail: 'ada@example.com',
  items: Array.from({ length: 30 }, (_, i) => ({ sku: `sku-${i}`, count: i + 1 })),
})

export const costs: readonly FilterCost[] = [
  {
    name: 'validate, content of 1 KiB',
    filters: () => [
      validate({
        body: {
          type: 'object',
          required: ['items'],
          properties: {
            mail: { type: 'string', format: 'email' },
            items: {
              type: 'array',
              maxItems: 100,
              items: {
                type: 'object',
                required: ['sku'],
                properties: { count: { type: 'integer', minimum: 1 } },
              },
            },
          },
        },
      }),
    ],
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  },
  {
    name: 'validate, a query',
    filters: () => [validate({ query: { type: 'object', properties: { page: { type: 'integer' } } } })],
    path: '/users/7?page=3&sort=name',
  },
]
