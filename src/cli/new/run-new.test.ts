import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { fakeIo } from '../../../test/cli/fake-io.ts'
import { fromConfig } from '../../config/index.ts'
import { simulate } from '../../testing/simulation/simulate.ts'
import { runNew } from './run-new.ts'

describe('runNew', () => {
  test('writes a project in code', async () => {
    const folder = await emptyFolder()
    const { code, out, err } = await runIn(folder, 'shop-gateway', '--gatewright', '^9.8.7')
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('\n  cd shop-gateway\n  npm install\n')
    expect((await readdir(join(folder, 'shop-gateway'))).sort()).toEqual([
      '.dockerignore',
      '.gitignore',
      'Dockerfile',
      'README.md',
      'package.json',
      'proxy.test.ts',
      'proxy.ts',
      'services.ts',
      'start.ts',
      'tsconfig.json',
    ])
    expect(await manifestIn(join(folder, 'shop-gateway'))).toMatchObject({
      name: 'shop-gateway',
      type: 'module',
      scripts: { start: 'node start.ts', test: 'vitest run' },
      dependencies: { gatewright: '^9.8.7' },
    })
  })

  test('writes a project as configuration', async () => {
    const folder = await emptyFolder()
    expect((await runIn(folder, '--config', 'shop')).code).toBe(0)
    expect(await manifestIn(join(folder, 'shop'))).toMatchObject({
      scripts: { start: 'gatewright run gateway.yaml' },
    })
    expect(await readFile(join(folder, 'shop/Dockerfile'), 'utf8')).toContain('"run", "gateway.yaml"]')
  })

  test('writes a configuration that serves', async () => {
    const folder = await emptyFolder()
    await runIn(folder, '--config', 'shop')
    const { app } = await fromConfig(join(folder, 'shop/gateway.yaml'), { env: {} })
    const log = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => log.mockRestore())
    await using sim = simulate(app)
    expect((await sim.get('/healthz')).text()).toBe('ok')
    sim.upstream('http://127.0.0.1:3001').outage({ lasts: '1m' })
    const { byStatus, byEndpoint } = await sim.load({ rate: 1, duration: '30s', request: '/users/42' })
    expect(Object.keys(byStatus)).toEqual(['200'])
    expect(Object.keys(byEndpoint)).toEqual(['http://127.0.0.1:3002'])
    await sim.assertNoLeaks()

    const elsewhere = { HOST: '::1', PORT: '0', USERS_1: 'one:80', USERS_2: 'two:80' }
    const moved = await fromConfig(join(folder, 'shop/gateway.yaml'), { env: elsewhere })
    await using other = simulate(moved.app)
    expect(other.upstreams.map(({ url }) => url)).toEqual(['http://one:80', 'http://two:80'])
  })

  test('says how to get there, whatever the folder above is called', async () => {
    const folder = await emptyFolder()
    expect((await runIn(folder, 'my gateways/shop')).out).toContain('\n  cd "my gateways/shop"\n')
  })

  test('takes the folder that it is in', async () => {
    const folder = join(await emptyFolder(), 'here')
    await mkdir(folder)
    const { code, out } = await runIn(folder, '.')
    expect([code, out.includes('  cd ')]).toEqual([0, false])
    expect((await manifestIn(folder)).name).toBe('here')
  })

  test('is by default for the gatewright that runs: a clone', async () => {
    const folder = await emptyFolder()
    await runIn(folder, 'shop')
    const { dependencies } = await manifestIn(join(folder, 'shop'))
    expect(dependencies).toEqual({ gatewright: `file:${join(import.meta.dirname, '../../..')}` })
  })

  test('writes nothing where something is', async () => {
    const folder = await emptyFolder()
    await writeFile(join(folder, 'mine.txt'), 'mine')
    const { code, err } = await runIn(join(folder, '..'), folder.slice(folder.lastIndexOf('/') + 1))
    expect([code, err]).toEqual([3, `new: ${folder} is not empty\n`])
    expect(await readdir(folder)).toEqual(['mine.txt'])
  })

  test('says why a folder cannot be made', async () => {
    const folder = await emptyFolder()
    await writeFile(join(folder, 'file'), '')
    expect(await runIn(folder, 'file/shop')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^new: (?:ENOTDIR|EEXIST)/),
    })
  })

  test.each([
    [[], 'which folder?'],
    [['a', 'b'], 'one folder at a time'],
    [['Shop'], '"folder" must be a name that npm takes'],
    [['.hidden'], '"folder" must be a name that npm takes'],
    [['shop gateway'], '"folder" must be a name that npm takes'],
    [['x'.repeat(101)], '"folder" must be a name that npm takes'],
    [['shop..gateway'], '"folder" must be a name that npm takes'],
    [['shop.-gateway'], '"folder" must be a name that npm takes'],
    [['node_modules'], '"folder" must be a name that npm takes'],
    [['gatewright'], '"folder" must be a name that npm takes'],
    [['shop', '--gatewright', ''], '"--gatewright" must be'],
    [['shop', '--yaml'], "Unknown option '--yaml'"],
  ])('refuses %j', async (args, message) => {
    const folder = await emptyFolder()
    expect(await runIn(folder, ...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('the tools of a new project', () => {
  test('are of the releases that this repository is tested with', async () => {
    const folder = await emptyFolder()
    await runIn(folder, 'shop')
    const { devDependencies: own } = await manifestIn(join(import.meta.dirname, '../../..'))
    const { devDependencies } = await manifestIn(join(folder, 'shop'))
    for (const [name, range] of Object.entries(devDependencies ?? {}))
      expect([name, range]).toEqual([name, `^${/\d+/.exec(own?.[name] ?? '')?.[0]}`])
  })
})

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

async function manifestIn(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-'))
  // Its name must be one that npm takes.
  const lower = join(folder, 'x')
  await mkdir(lower)
  onTestFinished(() => rm(folder, { recursive: true }))
  return lower
}

async function runIn(cwd: string, ...args: string[]) {
  const io = fakeIo(cwd)
  const code = await runNew(args, io)
  return { code, out: io.stdout, err: io.stderr }
}
