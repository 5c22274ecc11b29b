import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PoolEvent, type PoolHandle, pool, proxy } from 'gatewright'
import { type FileOptions, file } from 'gatewright/discovery'
import { simulate } from 'gatewright/testing'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

beforeEach(() => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  return () => written.mockRestore()
})

async function world(content: string | undefined, options: FileOptions = {}, name = 'users.yaml') {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  const write = (text: string) => writeFileSync(path, text)
  if (content !== undefined) write(content)
  const users = pool(file(path, options), { name: 'users' })
  const sim = simulate(proxy().route('/', users), { seed: 1, upstreams: ['http://u1', 'http://u2'] })
  const handle = await sim.pool('users')
  const events: PoolEvent[] = []
  void (async () => {
    for await (const event of handle.events) events.push(event)
  })()
  await sim.settle()
  const told = () =>
    events.flatMap((event) =>
      event.kind === 'list-refused'
        ? [event.error.message.replace(path, 'it')]
        : event.kind === 'source-failed'
          ? ['failed']
          : [],
    )
  return { sim, handle, write, path, told }
}

function members({ endpoints }: PoolHandle): [string, number, string | undefined][] {
  return endpoints.map(({ url, weight, zone }) => [url, weight, zone])
}

describe('file', () => {
  test('gives what stands in the file, and follows it', async () => {
    const { sim, handle, write, told } = await world(
      '- http://u1\n- { url: http://u2, weight: 3, zone: b }\n',
    )
    expect(members(handle)).toEqual([
      ['http://u1', 1, undefined],
      ['http://u2', 3, 'b'],
    ])
    expect((await sim.get('/')).status).toBe(200)
    write('- http://u2')
    await sim.advance('1s')
    expect(members(handle)).toHaveLength(2)
    await sim.advance('1s')
    expect(members(handle)).toEqual([['http://u2', 1, undefined]])
    expect(told()).toEqual([])
    await sim.assertNoLeaks()
  })

  test('reads JSON, and looks as often as it is told', async () => {
    const { sim, handle, write } = await world('["http://u1"]', { everyMs: '10s' }, 'users.json')
    expect(members(handle)).toHaveLength(1)
    write('["http://u1", "http://u2"]')
    await sim.advance('19s')
    expect(members(handle)).toHaveLength(1)
    await sim.advance('1s')
    expect(members(handle)).toHaveLength(2)
    await sim.assertNoLeaks()
  })

  test.each<[string, string, RegExp]>([
    ['no YAML', '- [', /^it cannot be read: /],
    ['no list', 'url: http://u1', /^it is no list of endpoints$/],
    ['empty', '', /^it is no list of endpoints$/],
    ['a list without an entry', '[]', /^it names no endpoint at all/],
    ['a list with a wrong entry', '- http://u2\n- u1', /^pool: "url" must be/],
    ['a list with an entry that is nothing', '- ~', /^pool: "endpoints" must be/],
    ['a list with aliases', '- &a http://u2\n- *a', /^it cannot be read: /],
    ['a list that is too long', `- http://u2 #${'x'.repeat(100)}`, /^it is longer than 100 bytes$/],
  ])('keeps the last list where the file is %s, and says so once', async (_, wrong, message) => {
    const { sim, handle, write, told } = await world('- http://u1', { maxBytes: 100 })
    write(wrong)
    await sim.advance('10s')
    expect(members(handle)).toEqual([['http://u1', 1, undefined]])
    expect(told()).toEqual([expect.stringMatching(message)])
    write('- http://u2')
    await sim.advance('2s')
    expect(members(handle)).toEqual([['http://u2', 1, undefined]])
    await sim.assertNoLeaks()
  })

  test('waits for a file that is not there yet, and bears one that goes', async () => {
    const { sim, handle, write, path, told } = await world(undefined)
    await sim.advance('5s')
    expect([members(handle), told()]).toEqual([[], ['it cannot be read (ENOENT)']])
    write('- http://u1')
    await sim.advance('1s')
    expect(members(handle)).toHaveLength(1)
    rmSync(path)
    await sim.advance('5s')
    expect([members(handle).length, told().length]).toEqual([1, 2])
    await sim.assertNoLeaks()
  })

  test('empties the pool where it may', async () => {
    const { sim, handle, write, told } = await world('- http://u1', { allowEmpty: true })
    write('[]')
    await sim.advance('2s')
    expect([members(handle), told()]).toEqual([[], []])
    await sim.assertNoLeaks()
  })
})

describe('the pool of a source', () => {
  test('probes what is new before it serves, and starts it slowly', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatewright-file-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'users.yaml')
    writeFileSync(path, '- http://u1')
    const users = pool(file(path), { name: 'users' })
      .health({ path: '/ready', intervalMs: '1s', initial: 'unhealthy' })
      .slowStart({ lastsMs: '30s' })
    const sim = simulate(proxy().route('/', users), { seed: 1, upstreams: ['http://u1', 'http://u2'] })
    let ready = 503
    sim.upstream('http://u2').on('GET /ready', () => ({ status: ready }))
    const handle = await sim.pool('users')
    await sim.advance('40s')
    writeFileSync(path, '- http://u1\n- http://u2')
    await sim.advance('5s')
    const states = () => handle.endpoints.map(({ state }) => state)
    expect(states()).toEqual(['serving', 'unhealthy'])
    ready = 200
    await sim.advance('3s')
    expect(states()).toEqual(['serving', 'warming'])
    await sim.advance('30s')
    expect(states()).toEqual(['serving', 'serving'])
    await sim.assertNoLeaks()
  })
})

test.each<[unknown, FileOptions, string]>([
  ['', {}, 'path'],
  [7, {}, 'path'],
  ['a', { everyMs: 1 }, 'everyMs'],
  ['a', { maxBytes: 0 }, 'maxBytes'],
  ['a', { allowEmpty: 'no' as never }, 'allowEmpty'],
  ['a', { every: 1 } as never, 'every'],
])('file refuses %j, %j', (path, options, option) => {
  expect(() => file(path as string, options)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
  )
})
