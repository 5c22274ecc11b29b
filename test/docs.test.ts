import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PROXY_ERRORS, type ProxyErrorCode } from 'gatewright'
import { fromConfig } from 'gatewright/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { durationMs, sizeBytes } from '../src/core/options.ts'
import { healthSettings } from '../src/pool/health-options.ts'
import { retrySettings } from '../src/pool/retry-options.ts'
import { http2Settings } from '../src/transport/http2/http2-options.ts'
import { limits } from '../src/transport/limits.ts'
import { upstreamLimits } from '../src/transport/upstream-limits.ts'
import { ConfigFolder } from './config/config-folder.ts'
import { configurationsOf, PAGES, type Snippet, snippetsOf } from './snippets.ts'
import { ROOT, sourceFiles } from './source-scan.ts'
import { timeoutTable } from './timeout-table.ts'

const execute = promisify(execFile)
const page = (path: string) => readFileSync(ROOT + path, 'utf8')

describe('snippets', () => {
  // Within the package, so that they import it by its name, and where git and the linters do not look.
  const folder = join(ROOT, 'coverage', `snippets-${process.pid}`)
  const snippets = PAGES.flatMap((path) => snippetsOf(path))
  const fileOf = (name: string) => join(folder, `${name.replace(/\.md:/, '-').replaceAll('/', '-')}.ts`)

  beforeAll(() => {
    mkdirSync(folder, { recursive: true })
    for (const { name, code } of snippets) writeFileSync(fileOf(name), code)
    const config = { extends: '../../tsconfig.json', include: ['*.ts'], exclude: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('are there', () => {
    expect(snippets.length).toBeGreaterThan(5)
  })

  test('have no type errors', async () => {
    expect(await typeErrors(folder)).toBe('')
  }, 60_000)

  // What is written for vitest runs in vitest: here.
  const [tests, programs] = [true, false].map((of) => snippets.filter((it) => isTest(it) === of))

  test.each(tests!)('of $name runs', async ({ name }) => {
    await import(fileOf(name))
  })

  test.concurrent.each(programs!)('of $name runs and ends by itself', ({ name }) => run(fileOf(name)), 40_000)

  test('are read with their preamble, on the lines of the page', () => {
    const text = [
      '# Title',
      '<!-- ts',
      'const a = 1',
      '-->',
      '```ts',
      'a + 1',
      '```',
      '```sh',
      'ls',
      '```',
    ].join('\n')
    expect(snippetsOf('x.md', text)).toEqual([{ name: 'x.md:5', code: '\n\nconst a = 1\n\n\na + 1\n' }])
    expect(() => snippetsOf('x.md', '```ts\nopen')).toThrow('x.md: the snippet at its end is not closed')
  })

  test('are seen where they are wrong', async () => {
    const wrong = join(folder, 'wrong')
    mkdirSync(wrong)
    writeFileSync(
      join(wrong, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.json', include: ['*.ts'] }),
    )
    writeFileSync(join(wrong, 'a.ts'), "import { pool } from 'gatewright'\npool(['http://a:1']).fastest()\n")
    expect(await typeErrors(wrong)).toContain("Property 'fastest' does not exist")
    await expect(run(join(wrong, 'a.ts'))).rejects.toThrow('fastest is not a function')
  }, 60_000)
})

describe('configurations', () => {
  const configurations = PAGES.flatMap((path) => configurationsOf(path))
  let folder: ConfigFolder
  beforeAll(() => {
    folder = new ConfigFolder(FILES_OF_CONFIGURATIONS)
  })
  afterAll(() => folder[Symbol.dispose]())

  test.each(configurations)('of $name can be used', async ({ name, code }) => {
    const file = folder.write(`${name.replaceAll(/\W/g, '-')}.yaml`, code)
    const { app } = await fromConfig(file, { env: VARIABLES_OF_CONFIGURATIONS })
    expect(app.routes).not.toEqual([])
  })

  test('are on the page that is about them', () => {
    const own = configurations.filter(({ name }) => name.startsWith('docs/guides/configuration.md'))
    expect(own.length).toBeGreaterThan(4)
  })

  test('are seen where they are wrong', async () => {
    const text = ['```yaml', 'proxy:', '  upstream: {}', '```', '```yaml', 'other: 1', '```'].join('\n')
    const [wrong, ...others] = configurationsOf('x.md', text)
    expect(others).toEqual([])
    await expect(fromConfig(folder.write('wrong.yaml', wrong!.code))).rejects.toThrow(
      'did you mean "upstreams"?',
    )
  })
})

/** What configurations in pages name. */
const FILES_OF_CONFIGURATIONS = {
  'filters.ts':
    'export const audit = (exchange, next) => next(exchange)\nexport const report = () => undefined\n',
  'secrets/jwt': 'a secret of thirty-two characters\n',
  'upstreams.yaml': 'proxy:\n  upstreams: { users: ["users:8080"] }\n',
  'routes/users.yaml': 'proxy:\n  routes: [{ path: /users, upstream: users }]\n',
}

const VARIABLES_OF_CONFIGURATIONS = {
  JWT_SECRET: 'a secret of thirty-two characters',
  ADMIN_TOKEN: 'a-token-of-sixteen-characters',
  ADA_PASSWORD_HASH: '$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g',
}

function isTest({ code }: Snippet): boolean {
  return code.includes("from 'vitest'")
}

async function typeErrors(project: string): Promise<string> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  try {
    await execute(process.execPath, [compiler, '-p', project, '--noEmit'])
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

async function run(file: string): Promise<void> {
  const args = ['--conditions=gatewright-source', join(ROOT, 'test/run-snippet.ts'), file]
  // All of them load the same sources: most of the time goes into that.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(ROOT, 'coverage', 'compile-cache') }
  await execute(process.execPath, args, { timeout: 30_000, env })
}

describe('the errors page', () => {
  const sections = [...page('docs/errors.md').matchAll(/^## `(.+)`\n\n(.+)\n\n(.+)$/gm)]

  test('has each code, in the order of the table, with what the table says of it', () => {
    const expected = (Object.keys(PROXY_ERRORS) as ProxyErrorCode[]).map((code) => [code, factsOf(code)])
    expect(sections.map(([, code, facts]) => [code, facts])).toEqual(expected)
  })

  test('has a word of advice for each', () => {
    for (const [, code, , advice] of sections) expect(advice!.length, code).toBeGreaterThan(30)
  })
})

function factsOf(code: ProxyErrorCode): string {
  const { title, status, side, retry, proxyStatus } = PROXY_ERRORS[code]
  const token = proxyStatus === undefined ? '' : `, \`Proxy-Status\` ${proxyStatus}`
  return `**${title}.** Status ${status}, side ${side}, retry ${retry}${token}.`
}

describe('the tables of defaults', () => {
  test('of the limits guide are those of the code', () => {
    expect(defaultsOf('docs/guides/limits.md')).toEqual(limits())
  })

  test('of the timeouts are those of the code, with the codes and statuses of the errors', () => {
    const rows = timeoutTable()
    expect(rows.length).toBeGreaterThan(15)
    const settings: Readonly<Record<string, object>> = {
      limits: limits(),
      pool: upstreamLimits(),
      health: healthSettings({ type: 'tcp' }),
      retry: retrySettings({}),
    }
    for (const { option, defaultText, code, status } of rows) {
      const [owner, name] = option.split('.') as [string, string]
      const value = settings[owner]?.[name as never]
      if (value !== undefined)
        expect(
          defaultText === 'none' ? Infinity : durationMs('page', option, defaultText as '1s'),
          option,
        ).toBe(value)
      if (code !== undefined) expect(PROXY_ERRORS[code as ProxyErrorCode].status, code).toBe(status)
    }
    // Nothing that has a time is left out.
    const named = (from: object, owner: string) =>
      Object.keys(from)
        .filter((name) => name.endsWith('Ms'))
        .map((name) => `${owner}.${name}`)
    const all = [...named(limits(), 'limits'), ...named(upstreamLimits(), 'pool')]
    const left = all.filter((option) => !rows.some((row) => row.option === option))
    expect(left).toEqual(['pool.sessionIdleMs', 'pool.pingMs', 'pool.pingTimeoutMs'])
  })

  test('of the pools guide are those of the code', () => {
    const settings = Object.entries(upstreamLimits()).filter(
      ([name]) => ![...NO_OPTIONS, ...OF_TCP, ...OF_HTTP2].includes(name),
    )
    expect(defaultsOf('docs/guides/pools.md')).toEqual(Object.fromEntries(settings))
  })
})

describe('the guide to HTTP/2', () => {
  const text = page('docs/guides/http2.md')
  const section = (title: string) => text.slice(text.indexOf(`## ${title}`)).split('\n## ')[0]!

  test('has the defaults of listeners', () => {
    expect(defaultsIn(section('Options of a listener'))).toEqual(http2Settings({}))
  })

  test('has the defaults of pools', () => {
    const { http2, ...settings } = upstreamLimits({ http2: true })
    const { idleMs: sessionIdleMs, ...rest } = defaultsIn(section('To services'))
    expect(http2).toBe('on')
    const of = Object.fromEntries(Object.entries(settings).filter(([name]) => OF_HTTP2.includes(name)))
    expect({ ...rest, sessionIdleMs }).toEqual(of)
  })
})

/** Settings of a pool that nobody can change. */
const NO_OPTIONS = ['chunkExtensionBytes', 'trailerBytes', 'trailers']

/** Settings of a pool that are in the guide to TCP. */
const OF_TCP = ['proxyProtocol']

/** Settings of a pool that are in the guide to HTTP/2, as `sessionIdleMs` is by another name. */
const OF_HTTP2 = [
  'http2',
  'streams',
  'streamWindowBytes',
  'connectionWindowBytes',
  'sessionIdleMs',
  'pingMs',
  'pingTimeoutMs',
]

/** Rows that begin with an option and its default, both as code. */
function defaultsOf(path: string): Record<string, number> {
  return defaultsIn(page(path))
}

function defaultsIn(text: string): Record<string, number> {
  const rows = [...text.matchAll(/^\| `(\w+)` \| `([\w.]+)` \|/gm)]
  return Object.fromEntries(
    rows
      .filter(([, option]) => option !== 'mode')
      .map(([, option, value]) => [option!, defaultOf(option!, value!)]),
  )
}

function defaultOf(option: string, value: string): number {
  if (/^(?:\d+|Infinity)$/.test(value)) return Number(value)
  return option.endsWith('Ms')
    ? durationMs('page', option, value as '1s')
    : sizeBytes('page', option, value as '1mb')
}

describe('links between pages', () => {
  const pages = [...PAGES, ...globSync('docs/{*,decisions/*}.md', { cwd: ROOT }).sort()]

  test.each(pages)('of %s lead to files', (path) => {
    // Code has brackets of its own.
    const prose = page(path).replace(/^```[\s\S]*?^```/gm, '')
    const targets = [...prose.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target]) => target!)
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([])
  })
})

test('the README names every example', () => {
  const folders = new Set(sourceFiles('examples').map(({ path }) => path.split('/').slice(0, 2).join('/')))
  folders.delete('examples/run-all.ts')
  const text = page('README.md')
  expect([...folders].filter((folder) => !text.includes(folder))).toEqual([])
})
