import { fromConfig } from 'gatewright/config'
import { simulate } from 'gatewright/testing'
import { expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'

const routes = (filters: string) => `proxy:
  routes:
    - path: /old/:id
      filters: ${filters}
`

test('a route that ends with a filter that answers needs no upstream', async () => {
  using folder = new ConfigFolder({
    'gateway.yaml': routes('[request_id, { redirect: { to: "/new/:id", status: 307 } }]'),
  })
  const { app } = await fromConfig(`${folder.path}/gateway.yaml`, { env: {} })
  const sim = simulate(app)
  const { status, headers } = await sim.get('/old/7')
  expect(status).toBe(307)
  expect(headers.get('location')).toBe('/new/7')
  await sim.assertNoLeaks()
})

test('a route that ends with another filter needs one', async () => {
  using folder = new ConfigFolder({
    'gateway.yaml': routes('[{ redirect: { to: /new } }, request_id]'),
  })
  await expect(fromConfig(`${folder.path}/gateway.yaml`, { env: {} })).rejects.toThrow(
    'must have one of "upstream", "respond", "module" and "routes", got none',
  )
})
