// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files have these, and no code
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ConfigError, fromConfig } from 'gatewright/config'
import { exchange, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'
import { CODE, ENV, GOOD } from './good-configurations.ts'

/** What is wrong with a configuration: `file:line:column key: message`. */
async function wrongWith(files: Readonly<Record<string, string>>, env = {}): Promise<string[]> {
  using folder = new ConfigFolder(files)
  const [first = ''] = Object.keys(files)
  try {
    await fromConfig(`${folder.path}/${first}`, { env })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ file, line, column, key, message }) =>
      `${file}:${line}:${column} ${key}: ${message}`.replaceAll(`${folder.path}/`, ''),
    )
  }
  return []
}

const ONE = 'proxy:\n  upstreams:\n    users: [u1:8080]\n'

describe('a configuration that is none', () => {
  test.each([
    ['nothing', '', ['a.yaml:1:1 : must be an object with "proxy", but there is nothing']],
    // It may be the wrong file, and a secret.
    ['a text', 'hello', ['a.yaml:1:1 : must be an object with "proxy", got a text']],
    [
      'another root',
      'server: {}',
      [
        'a.yaml:1:1 server: is no key of this object: it has $schema, include, proxy',
        'a.yaml:1:1 proxy: is missing: it must be an object with "upstreams"',
      ],
    ],
    [
      'no upstream',
      'proxy: {}',
      ['a.yaml:1:8 proxy: must have "upstreams" or "routes": something that answers'],
    ],
    ['a proxy of another kind', 'proxy: 1', ['a.yaml:1:8 proxy: must be an object with "upstreams", got 1']],
    [
      'two upstreams without routes',
      `${ONE}    orders: [o1:80]\n`,
      ['a.yaml:2:3 proxy: must have "routes", which say what each upstream is for: users, orders'],
    ],
    [
      'a reference in a key',
      `proxy:\n  upstreams:\n    "\${NAME}": [u1:8080]\n`,
      ['a.yaml:3:5 proxy.upstreams["${NAME}"]: is a key, and "${...}" is read in values alone'],
    ],
    [
      'a key that is a text',
      `? ${'k'.repeat(1_001)}\n: 1\n${ONE}`,
      ['a.yaml:1:3 : has a key of more than 1000 characters'],
    ],
    ['two documents', `${ONE}---\n${ONE}`, ['a.yaml:4:1 : begins a second document: a configuration is one']],
    [
      'half of JSON',
      '{"proxy": {',
      ['a.yaml:1:12 : Flow map in block collection must be sufficiently indented and end with a }'],
    ],
  ])('is refused: %s', async (_, text, expected) => {
    expect(await wrongWith({ 'a.yaml': text })).toEqual(expected)
  })

  test('is refused where it is no file, or too large', async () => {
    using folder = new ConfigFolder({ 'large.yaml': `#${' '.repeat(4_194_304)}` })
    await expect(fromConfig(folder.path)).rejects.toThrow('cannot be read: it is no file')
    await expect(fromConfig(`${folder.path}/large.yaml`)).rejects.toThrow('it is longer than 4194304 bytes')
    await expect(fromConfig(`${folder.path}/nowhere.yaml`)).rejects.toThrow('nowhere.yaml:1:1: the file')
  })

  test('is refused where it is a pipe, which may never end', async () => {
    using folder = new ConfigFolder({ 'a.yaml': `include: [pipe]\n${ONE}` })
    execFileSync('sh', ['-c', `mkfifo ${folder.path}/pipe`])
    await expect(fromConfig(`${folder.path}/a.yaml`)).rejects.toThrow('cannot be read: it is no file')
  })

  test('is refused where files stand for more than there is room for', async () => {
    const routes = Array.from(
      { length: 17 },
      (_, i) => `    - { path: /${i}, respond: { status: 200, body: "\${file:large}" } }\n`,
    )
    const text = `proxy:\n  routes:\n${routes.join('')}`
    expect(await wrongWith({ 'a.yaml': text, large: 'x'.repeat(1_048_576) })).toEqual([
      expect.stringMatching(/^a\.yaml:19:50 proxy\.routes\[16\]\.respond\.body: is too much/),
    ])
  })

  test('is refused where aliases stand for more than there is room for', async () => {
    const lines = Array.from({ length: 9 }, (_, i) => `l${i}: &l${i} [${`*l${i - 1}, `.repeat(10)}]`)
    const bomb = ['l: &l0 [1]', ...lines.slice(1), ''].join('\n').replaceAll('*l-1', '1')
    const problems = await wrongWith({ 'a.yaml': bomb })
    expect(problems.map((it) => it.replace(/^.*?: /, ''))).toEqual([expect.stringMatching(/^holds too much/)])
  })

  test('is refused where an anchor holds itself', async () => {
    expect(await wrongWith({ 'a.yaml': 'proxy: &a\n  upstreams: *a\n' })).not.toEqual([])
  })
})

describe('includes', () => {
  test('are one configuration with the file that names them', async () => {
    using folder = new ConfigFolder({
      'gateway.yaml':
        'include:\n  - upstreams.yaml\n  - "routes/*.yaml"\nproxy:\n  log: { level: error }\n  routes:\n    - path: /health\n      respond: { status: 200 }\n',
      'upstreams.yaml': `${ONE}    orders: [o1:80]\n`,
      'routes/b.yaml': 'proxy:\n  routes:\n    - { path: /orders, upstream: orders }\n',
      'routes/a.yaml': 'proxy:\n  routes:\n    - { path: /users, upstream: users }\n',
      'routes/read.me': 'nothing',
    })
    const { app, files, logLevel } = await fromConfig(`${folder.path}/gateway.yaml`)
    expect(app.routes.map(({ match }) => match)).toEqual(['/users', '/orders', '/health'])
    expect(logLevel).toBe('error')
    expect(files).toEqual(
      ['gateway.yaml', 'upstreams.yaml', 'routes/a.yaml', 'routes/b.yaml'].map(
        (name) => `${folder.path}/${name}`,
      ),
    )
  })

  test('may be named by several, and count once', async () => {
    using folder = new ConfigFolder({
      'a.yaml': 'include: [b.yaml, parts/c.yaml, parts/shared.yaml]\n',
      'b.yaml': 'include: ["parts/*.yaml"]\nproxy: { routes: [{ path: /b, upstream: users }] }\n',
      'parts/c.yaml': 'include: [shared.yaml]\nproxy: { routes: [{ path: /c, upstream: users }] }\n',
      'parts/shared.yaml': ONE,
    })
    const { app } = await fromConfig(`${folder.path}/a.yaml`)
    expect(app.routes.map(({ match }) => match)).toEqual(['/c', '/b'])
  })

  test('may each say what editors read', async () => {
    const $schema = './gateway.schema.json'
    const json = (file: object) => JSON.stringify({ $schema, ...file }, null, '\t')
    using folder = new ConfigFolder({
      'a.json': `\uFEFF${json({ include: ['b.json'], proxy: { workers: 2 } })}`,
      'b.json': json({ proxy: { upstreams: { users: ['u1:8080'] } } }),
    })
    expect((await fromConfig(`${folder.path}/a.json`)).workers).toBe(2)
  })

  test('are refused where they name each other, or what is not there', async () => {
    expect(
      await wrongWith({
        'a.yaml': `include: [b.yaml, nowhere.yaml, "x/*.yaml", "*/b.yaml"]\n${ONE}`,
        'b.yaml': 'include: [a.yaml]\nproxy: {}',
      }),
    ).toEqual([
      'b.yaml:1:11 include[0]: includes itself: a.yaml -> b.yaml -> a.yaml',
      'a.yaml:1:19 include[1]: the file "nowhere.yaml" cannot be read: it is not there',
      'a.yaml:1:33 include[2]: the folder of "x/*.yaml" cannot be read: it is not there',
      'a.yaml:1:45 include[3]: must be a path with "*" in its last part alone, got "*/b.yaml"',
    ])
  })

  test('may not say what is said already', async () => {
    expect(await wrongWith({ 'a.yaml': `include: [b.yaml]\n${ONE}`, 'b.yaml': ONE })).toEqual([
      'a.yaml:4:5 proxy.upstreams.users: stands in two files: first in b.yaml, line 3, column 5',
    ])
  })

  test('have their own place for what is wrong with them', async () => {
    expect(
      await wrongWith({ 'a.yaml': `include: [b.yaml]\n${ONE}`, 'b.yaml': 'proxy:\n  log:\n    level: loud' }),
    ).toEqual([
      'b.yaml:3:12 proxy.log.level: must be one of "silent", "error", "warn", "info", "debug", got "loud"',
    ])
  })
})

describe('variables', () => {
  const route = (body: string) =>
    `proxy:\n  routes:\n    - respond:\n        status: 200\n        body: ${body}\n`
  const answer = async (body: string, env = {}) => {
    using folder = new ConfigFolder({ 'a.yaml': route(body), secret: 'from a file\n' })
    const { app } = await fromConfig(`${folder.path}/a.yaml`, { env })
    await using sim = simulate(app)
    return (await sim.get('/')).text()
  }

  test.each([
    ['"<${NAME}>"', { NAME: 'Ada' }, '<Ada>'],
    ['${NAME:-nobody}', {}, 'nobody'],
    ['${NAME:-nobody}', { NAME: '' }, 'nobody'],
    ['"${NAME}"', { NAME: '' }, ''],
    ['"${NAME:-}"', {}, ''],
    ['"${A}${B}"', { A: '1', B: '2' }, '12'],
    ['"$${NAME}"', {}, '${NAME}'],
    ['"$${ ${NAME} }"', { NAME: 'Ada' }, '${ Ada }'],
    ['"$${${NAME}"', { NAME: 'Ada' }, '${Ada'],
    ['"$NAME $"', {}, '$NAME $'],
    ['"${file:secret}"', {}, 'from a file'],
    // A text, though YAML would take it for a number.
    ['${NAME}', { NAME: '0123' }, '0123'],
    ['${NAME}', { NAME: '${OTHER}' }, '${OTHER}'],
  ])('are put into a text: %s', async (body, env, expected) => {
    expect(await answer(body, env)).toBe(expected)
  })

  test('are refused within each other', async () => {
    expect(await wrongWith({ 'a.yaml': route('"${A:-${B}}"') }, { A: 'a' })).toEqual([
      'a.yaml:5:15 proxy.routes[0].respond.body: "${" within "${...}" is not read: give it a variable of its own',
    ])
  })

  test('are numbers and flags where these are wanted, with quotes or without', async () => {
    const text = `proxy:\n  listen:\n    - port: \${PORT}\n    - { port: "\${OTHER}", http2: "\${HTTP2}" }\n${ONE.slice(7)}`
    using folder = new ConfigFolder({ 'a.yaml': text })
    const { app } = await fromConfig(`${folder.path}/a.yaml`, {
      env: { PORT: '8081', OTHER: '8082', HTTP2: 'false' },
    })
    expect(app.description.listeners.map(({ port, http2 }) => [port, http2 === undefined])).toEqual([
      [8081, false],
      [8082, true],
    ])
  })

  test('are texts in quotes, and what YAML takes them for without, where everything fits', async () => {
    const text =
      'proxy:\n  routes:\n    - respond:\n        status: 200\n        json:\n          a: "${N}"\n          b: ${N}\n          c: ${T}\n'
    using folder = new ConfigFolder({ 'a.yaml': text })
    const { app } = await fromConfig(`${folder.path}/a.yaml`, { env: { N: '7', T: 'true' } })
    await using sim = simulate(app)
    expect((await sim.get('/')).json()).toEqual({ a: '7', b: 7, c: true })
  })

  test('are not shown where they are short, either', async () => {
    const text =
      'proxy:\n  filters: [{ cors: { origins: "${S}" } }]\n  routes: [{ respond: { status: 200 } }]\n'
    expect(await wrongWith({ 'a.yaml': text }, { S: 'a b' })).toEqual([
      expect.stringMatching(
        /^a\.yaml:2:32 proxy\.filters\[0\]\.cors\.origins: must be .*, got \(from \$\{S\}\)$/,
      ),
    ])
  })

  test('are not shown, whatever is wrong with them', async () => {
    const secret = 'hunter2-hunter2'
    const text = `proxy:\n  listen: { port: "\${S}", address: "\${S}", limits: { head: "\${S}" } }\n  admin: { token: "\${S} \${S}" }\n  filters: [{ rate_limit: { limit: 1, per: "\${S}", name: "not \${S}!" } }, "\${S}", { cors: { origins: "\${S}" } }]\n  upstreams: { a: ["\${S}:x:y"], b: [{ address: "\${S}/x" }] }\n  routes: [{ upstream: "\${S}" }, { module: "\${S}#x" }, { headers: { x: { regexp: "\${S}(" } }, upstream: a }]\n`
    const problems = await wrongWith({ 'a.yaml': text }, { S: secret })
    expect(problems.length).toBeGreaterThan(8)
    expect(problems.join('\n')).not.toContain(secret)
    expect(problems.join('\n')).toContain('headers.x.regexp: is no expression, got (from ${S})')
    expect(problems[0]).toBe(
      'a.yaml:2:19 proxy.listen.port: must be a whole number from 0 to 65535, got (from ${S})',
    )
  })
})

test('what is wrong tells of all files that were looked for: one of them may be there a moment later', async () => {
  using folder = new ConfigFolder({
    'a.yaml':
      'include: [b.yaml]\nproxy:\n  routes: [{ path: /, respond: { status: 200, body: "${file:secret}" } }, { path: /a, module: "./code.ts#a" }]\n',
  })
  const error = await fromConfig(`${folder.path}/a.yaml`).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect((error as ConfigError).files.toSorted()).toEqual(
    ['a.yaml', 'b.yaml', 'code.ts', 'secret'].map((name) => `${folder.path}/${name}`),
  )
})

test('what a module says is one line, and nothing that a terminal would obey', async () => {
  const problems = await wrongWith({
    'a.yaml': `${ONE}  filters: [{ module: "./code.mjs#pass" }]\n`,
    'code.mjs': "throw new Error('\\u001b[2J\\nall is well')\n",
  })
  expect(problems).toEqual([expect.stringMatching(/cannot be loaded: Error: \uFFFD\[2J all is well$/)])
})

test('a module that could not be loaded is tried again, and once for all who name it', async () => {
  using folder = new ConfigFolder({
    'code.mjs': `import { appendFileSync, existsSync } from 'node:fs'
appendFileSync(new URL('./loads', import.meta.url), 'load ')
if (!existsSync(new URL('./store', import.meta.url))) throw new Error('the store is away')
export const pass = (exchange, next) => next(exchange)
`,
    'a.yaml': `${ONE}  filters: [{ module: "./code.mjs#pass" }, { module: "./code.mjs#pass" }]\n`,
  })
  const path = `${folder.path}/a.yaml`
  await expect(fromConfig(path)).rejects.toThrow('the module cannot be loaded: Error: the store is away')
  expect(readFileSync(`${folder.path}/loads`, 'utf8')).toBe('load ')
  folder.write('store', '')
  expect((await fromConfig(path)).app.description.filters).toHaveLength(2)
})

test.each([
  [
    'a token that is a number',
    'admin: { token: 4711 }',
    'admin.token: must be a text, or a list, each a text',
  ],
  [
    'a key without its object',
    'filters: [{ api_key: { keys: [4711] } }]',
    'api_key.keys[0]: must be an object',
  ],
  [
    'users that are a text',
    'filters: [{ basic_auth: { users: "4711" } }]',
    'basic_auth.users: must be an object',
  ],
])('a secret is not shown where it stands in the wrong form: %s', async (_, line, expected) => {
  const problems = await wrongWith({ 'a.yaml': `${ONE}  ${line}\n` })
  expect(problems.join('\n')).toContain(expected)
  expect(problems.join('\n')).not.toContain('4711')
})

describe('what both configurations say', () => {
  test('is the same object in both, and what one says alone is not', async () => {
    using folder = new ConfigFolder({ 'a.yaml': GOOD.gateway!, 'code.ts': CODE })
    const path = `${folder.path}/a.yaml`
    const before = await fromConfig(path, { env: ENV })
    const same = await fromConfig(path, { env: ENV, previous: before })
    const { filters, routes, companions, errorHandler } = before.app.description
    expect(same.app.description.filters).toEqual(filters)
    for (const [i, filter] of filters.entries()) expect(same.app.description.filters[i]).toBe(filter)
    expect(same.app.description.companions[0]).toBe(companions[0])
    expect(same.app.description.errorHandler).toBe(errorHandler)
    for (const [i, route] of routes.entries()) {
      expect(same.app.description.routes[i]!.target).toBe(route.target)
      expect(same.app.description.routes[i]!.filters.map((it, at) => it === route.filters[at])).not.toContain(
        false,
      )
    }

    folder.write('a.yaml', GOOD.gateway!.replace('weight: 3', 'weight: 4'))
    const changed = await fromConfig(path, { env: ENV, previous: same })
    const target = ({ app }: typeof before, i: number) => app.description.routes[i]!.target
    expect(target(changed, 0)).not.toBe(target(before, 0))
    expect(target(changed, 2)).toBe(target(before, 2))
    // A limit of a route whose pool has changed goes on counting.
    expect(changed.app.description.routes[0]!.filters[1]).toBe(routes[0]!.filters[1])

    const anew = await fromConfig(path, { env: ENV })
    expect(target(anew, 2)).not.toBe(target(before, 2))
  })

  test('is another where a secret, a module or an upstream that it names is another', async () => {
    const text = `${ONE}    archive: ["\${ADDRESS}"]\n  routes: [{ module: ./code.ts#answer, filters: [{ mirror: { to: { upstream: archive } } }] }]\n`
    using folder = new ConfigFolder({ 'a.yaml': text, 'code.ts': 'export const answer = () => 1' })
    const load = (ADDRESS: string, previous?: Awaited<ReturnType<typeof fromConfig>>) =>
      fromConfig(`${folder.path}/a.yaml`, { env: { ADDRESS }, ...(previous && { previous }) })
    const route = ({ app }: Awaited<ReturnType<typeof load>>) => app.description.routes[0]!
    const before = await load('a:1')
    const same = await load('a:1', before)
    expect([route(same).target, route(same).filters[0]]).toEqual([
      route(before).target,
      route(before).filters[0],
    ])
    expect(route(await load('a:2', before)).filters[0]).not.toBe(route(before).filters[0])
    folder.write('code.ts', 'export const answer = () => 2')
    const changed = await load('a:1', before)
    expect(route(changed).target).not.toBe(route(before).target)
    const { target } = route(changed)
    expect(typeof target === 'function' && target(exchange())).toBe(2)
  })

  test('keeps counting when a running proxy is reloaded', async () => {
    const text = (extra: string) =>
      `proxy:\n  filters: [${extra}{ rate_limit: { limit: 2, per: 1h } }]\n  upstreams:\n    users: [u1:8080]\n`
    using folder = new ConfigFolder({ 'a.yaml': text('') })
    const path = `${folder.path}/a.yaml`
    const before = await fromConfig(path)
    await using sim = simulate(before.app)
    await sim.get('/')
    folder.write('a.yaml', text('request_id, '))
    await sim.reload((await fromConfig(path, { previous: before })).app)
    expect([(await sim.get('/')).status, (await sim.get('/')).status]).toEqual([200, 429])
  })
})
