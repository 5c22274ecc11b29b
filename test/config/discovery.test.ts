import { ConfigError, fromConfig } from 'gatewright/config'
import { simulate } from 'gatewright/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ConfigFolder } from './config-folder.ts'

const upstream = (discovery: string) =>
  `proxy:\n  listen: { port: 0 }\n  upstreams:\n    users:\n      discovery: ${discovery}\n`

async function sourceOf(discovery: string, files: Readonly<Record<string, string>> = {}) {
  using folder = new ConfigFolder({ 'gateway.yaml': upstream(discovery), ...files })
  const { app } = await fromConfig(`${folder.path}/gateway.yaml`, { env: { PORT: '8080' } })
  return app.explain('/').target?.source?.replace(folder.path, '')
}

test.each([
  [
    '{ dns: { host: users.test, port: 80, type: A, min: 2s, max: 1m, servers: ["10.0.0.10"] } }',
    'dns(users.test)',
  ],
  ['{ dns: { service: _http._tcp.users.test, allow_empty: true } }', 'dns(_http._tcp.users.test)'],
  ['{ file: { path: users.yaml, every: 5s, max_size: 64kb } }', 'file(/users.yaml)'],
  ['{ kubernetes: { service: users, port: http } }', 'kubernetes(users)'],
  [
    `{ kubernetes: { service: users, namespace: shop, port: "\${PORT}", token_file: token } }`,
    'kubernetes(shop/users)',
  ],
])('a source of endpoints is made: %s', async (discovery, source) => {
  expect(await sourceOf(discovery)).toBe(source)
})

test('a source of endpoints may be of a module', async () => {
  const module = 'export async function* mine() { yield ["http://u1"] }\n'
  expect(await sourceOf('{ module: ./mine.mjs#mine }', { 'mine.mjs': module })).toBe('mine')
})

test.each([
  ['{ dns: { host: users.test, porrt: 80 } }', 'did you mean "port"?'],
  ['{ dns: { port: 80 } }', 'discovery.dns.host: must be given, or "service" in its place'],
  ['{ file: {} }', 'is missing: it must be the path of a file'],
  ['{ kubernetes: { service: "a/b" } }', 'discovery.kubernetes.service: must be the name of a Service'],
  ['{ consul: {} }', 'is no key of this object: it has dns, file, kubernetes'],
  ['dns', 'must be a source of endpoints'],
])('what is wrong with it is told: %s', async (discovery, message) => {
  const problem = await sourceOf(discovery).catch((error: unknown) => error)
  expect(problem).toBeInstanceOf(ConfigError)
  expect((problem as Error).message).toContain(message)
})

test('endpoints of a file are served', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  using folder = new ConfigFolder({
    'gateway.yaml': upstream('{ file: { path: lists/users.yaml } }'),
    'lists/users.yaml': '- http://u1',
  })
  const { app } = await fromConfig(`${folder.path}/gateway.yaml`)
  await using sim = simulate(app, { upstreams: ['http://u1', 'http://u2'] })
  await sim.settle()
  expect((await sim.get('/')).status).toBe(200)
  folder.write('lists/users.yaml', '- http://u2')
  await sim.advance('3s')
  expect((await sim.get('/')).status).toBe(200)
  expect(sim.upstreams.map(({ totalRequests }) => totalRequests)).toEqual([1, 1])
  await sim.assertNoLeaks()
})
