import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PoolEvent, pool, proxy } from 'gatewright'
import { kubernetes } from 'gatewright/discovery'
import { fakeUpstream } from 'gatewright/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FakeKubernetes } from './fake-kubernetes.ts'

test('kubernetes follows a real API server, through a restart of it and what it has forgotten', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-kubernetes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const api = new FakeKubernetes()
  const { cluster } = api
  await api.start()
  await using one = await fakeUpstream({ socket: true }).reply({ body: 'one' }).start()
  const on = (...hosts: readonly number[]) =>
    cluster.put('users-1', {
      ports: [{ name: 'http', port: one.port }],
      endpoints: hosts.map((it) => ({ addresses: [`127.0.0.${it}`], conditions: { ready: true } })),
    })
  on(1)
  cluster.token = 'ey.to-ken'
  const [tokenFile, caFile] = [join(folder, 'token'), join(folder, 'ca.crt')]
  writeFileSync(tokenFile, cluster.token)
  writeFileSync(caFile, api.ca)
  const source = kubernetes({
    service: 'users',
    namespace: 'shop',
    port: 'http',
    server: api.url,
    tokenFile,
    caFile,
  })
  const users = pool(source, { name: 'users' })
  await using running = await proxy().listen(0).route('/', users).start({ signals: false })
  const handle = running.pool('users')
  const events = handle.events[Symbol.asyncIterator]()
  const next = async <K extends PoolEvent['kind']>(kind: K): Promise<PoolEvent & { kind: K }> => {
    for (;;) {
      const { value, done } = await events.next()
      if (done === true) throw new Error('the pool has ended')
      if (value.kind === kind) return value as PoolEvent & { kind: K }
    }
  }
  const url = (host: number) => `http://127.0.0.${host}:${one.port}`
  // 1. Listed, and served.
  if (handle.endpoints.length === 0) await next('added')
  expect(handle.endpoints.map((it) => it.url)).toEqual([url(1)])
  expect(await (await fetch(running.url)).text()).toBe('one')
  // 2. Watched.
  on(1, 2)
  expect((await next('added')).url).toBe(url(2))
  // 3. The server goes, and forgets; meanwhile the pool serves what it has.
  await api.stop()
  await next('source-failed')
  expect(handle.endpoints.map((it) => it.url)).toEqual([url(1), url(2)])
  on(1, 3)
  cluster.compact()
  await api.start()
  expect((await next('added')).url).toBe(url(3))
  // 4. It says that what was listed is gone.
  cluster.say(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } }))
  on(1, 4)
  expect((await next('added')).url).toBe(url(4))
  expect(handle.endpoints.map((it) => it.url)).toEqual([url(1), url(4)])
  await running.close()
  await api.stop()
})

test('kubernetes trusts nobody but the authority that it was given', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  const api = new FakeKubernetes()
  await api.start()
  const source = kubernetes({ service: 'users', namespace: 'shop', server: api.url })
  await using running = await proxy()
    .listen(0)
    .route('/', pool(source, { name: 'users' }))
    .start({ signals: false })
  for await (const event of running.pool('users').events) {
    expect(event).toMatchObject({ kind: 'source-failed', error: { code: 'upstream_certificate_invalid' } })
    break
  }
  expect(api.cluster.requests).toEqual([])
  await running.close()
  await api.stop()
})
