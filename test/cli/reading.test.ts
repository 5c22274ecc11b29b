import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { fakeIo } from './fake-io.ts'
import { folderWith, GATEWAY_TS, gatewayYaml } from './files.ts'

async function asked(folder: string, ...args: string[]): Promise<[code: number, out: string, err: string]> {
  const io = fakeIo(folder)
  const code = await runCli(args, io)
  return [code, io.stdout, io.stderr]
}

describe('check', () => {
  it('tells what a configuration would serve', async () => {
    const folder = folderWith({ 'a.yaml': gatewayYaml('one', '  admin: { port: 0 }\n  workers: 2\n') })
    expect(await asked(folder, 'check', 'a.yaml')).toEqual([
      0,
      `a.yaml is right
  listener   http://127.0.0.1:0
  with       admin
  workers    2
  route      GET,HEAD /users/:id  ->  users
  route      /text  ->  handler
  upstream   users, balanced by roundRobin
             http://127.0.0.1:9
             http://127.0.0.1:10, weight 3
`,
      '',
    ])
    const [code, json] = await asked(folder, 'check', '--json', 'a.yaml')
    expect([code, JSON.parse(json)]).toMatchObject([
      0,
      {
        listeners: ['http://127.0.0.1:0'],
        companions: ['admin'],
        workers: 2,
        upstreams: [{ name: 'users' }],
      },
    ])
  })

  it('tells the same of a module', async () => {
    const folder = folderWith({ 'proxy.ts': GATEWAY_TS })
    expect(await asked(folder, 'check', 'proxy.ts')).toEqual([
      0,
      `proxy.ts is right
  listener   http://127.0.0.1:0
  route      GET /users/:id  ->  requestId > users
  route      /text  ->  requestId > handler
  upstream   users, balanced by leastConnections
             http://127.0.0.1:9
`,
      '',
    ])
  })

  it('tells all that is wrong with a configuration', async () => {
    const wrong = gatewayYaml('one')
      .replace('weight: 3', 'weight: x')
      .replace('upstream: users', 'upstream: usrs')
    const folder = folderWith({ 'a.yaml': wrong })
    const [code, out, err] = await asked(folder, 'check', 'a.yaml')
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/a\.yaml:6:44: proxy\.upstreams\.users\[1\]\.weight: .*got "x"\n/)
    expect(err).toMatch(/a\.yaml:10:17: proxy\.routes\[0\]\.upstream: .*did you mean "users"/)
    expect(err).toMatch(/\n2 problems\n$/)
    const [, json, same] = await asked(folder, 'check', '--json', 'a.yaml')
    expect(same).toBe(err)
    expect(JSON.parse(json)).toMatchObject({
      problems: [
        {
          file: `${folder}/a.yaml`,
          line: 6,
          column: 44,
          key: 'proxy.upstreams.users[1].weight',
          value: '"x"',
        },
        { line: 10, column: 17, nearest: 'users', message: expect.stringContaining('did you mean') },
      ],
    })
  })

  it.each([
    [
      'no-default.ts',
      'export const app = 1',
      /^gatewright: no-default\.ts has no default export: it must end with/,
    ],
    [
      'other.ts',
      'export default { start: 1 }',
      /other\.ts has a default export that is no proxy: .*run with node: node other\.ts/,
    ],
    ['throws.ts', "\n  throw new Error('the database is away')", /throws\.ts:2:9: the database is away\n$/],
    ['option.ts', "import { pool } from 'gatewright'\npool([])", /option\.ts:2:1: pool: /],
    ['missing.ts', "import './none.ts'", /none\.ts/],
    ['words.ts', "export default 'a' 'b'", /words\.ts/],
  ])('says in a line what is wrong with a module: %s', async (name, text, expected) => {
    const [code, out, err] = await asked(folderWith({ [name]: text }), 'check', name)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(expected)
    expect(err).not.toContain('\n    at ')
  })

  it('says where a module of CommonJS is wrong, whose place is a path and no url', async () => {
    const folder = folderWith({ '100%/x.js': "throw new Error('boom')", '100%/package.json': '{}' })
    expect(await asked(folder, 'check', '100%/x.js')).toEqual([
      1,
      '',
      expect.stringMatching(/^gatewright: 100%\/x\.js(:1:\d+)?: boom\n$/),
    ])
  })

  it('says of what is no file, or no such file, that it is none', async () => {
    const folder = folderWith({ 'a.toml': '' })
    expect(await asked(folder, 'check', 'a.yaml')).toEqual([
      1,
      '',
      'gatewright: a.yaml: there is no such file\n',
    ])
    const [code, , err] = await asked(folder, 'check', 'a.toml')
    expect([code, err]).toEqual([
      1,
      'gatewright: a.toml: the name of a configuration ends with .yaml, .yml, .json, that of a module with .ts, .mts, .js, .mjs\n',
    ])
  })
})

describe('routes and explain', () => {
  it('tell of routes, and what would become of a request', async () => {
    const folder = folderWith({ 'a.yaml': gatewayYaml('one'), 'proxy.ts': GATEWAY_TS })
    expect(await asked(folder, 'routes', 'a.yaml')).toEqual([
      0,
      'GET,HEAD /users/:id  ->  users\n/text  ->  handler\n',
      '',
    ])
    expect(JSON.parse((await asked(folder, 'routes', '--json', 'proxy.ts'))[1])).toMatchObject([
      { match: 'GET /users/:id', filters: ['requestId'] },
      { match: '/text' },
    ])
    for (const words of [['GET /users/7'], ['GET', '/users/7'], ['/users/7']]) {
      const [code, out] = await asked(folder, 'explain', 'a.yaml', ...words)
      expect([code, out]).toEqual([0, expect.stringContaining('param      id = 7')])
    }
    const [code, out] = await asked(folder, 'explain', '--json', 'proxy.ts', 'POST', 'http://a/users/7')
    expect([code, JSON.parse(out)]).toMatchObject([0, { status: 405, host: 'a' }])
    const [wrong, , err] = await asked(folder, 'explain', 'a.yaml', 'users')
    expect([wrong, err]).toEqual([2, expect.stringContaining('a method and a url')])
  })
})

describe('diff', () => {
  const one = gatewayYaml('one', '  filters:\n    - rate_limit: { limit: 100, per: 1m }\n')

  it('finds nothing where nothing would change, wherever the file is', async () => {
    const folder = folderWith({ 'a.yaml': one, 'other/b.yaml': `# the same\n${one}` })
    expect(await asked(folder, 'diff', 'a.yaml', 'other/b.yaml')).toEqual([
      0,
      'nothing changes; kept: 1 listener, 2 routes, 1 upstream\n',
      '',
    ])
  })

  it('tells what would be added, removed and changed, and of filters that have other options', async () => {
    const next = `proxy:
  listen: [{ port: 0 }, { port: 8443 }]
  upstreams:
    users:
      endpoints:
        - { address: "127.0.0.1:10", weight: 4 }
        - address: "127.0.0.1:11"
      balancer: least_connections
    orders: ["127.0.0.1:12"]
  routes:
    - path: /users/:id
      methods: [GET]
      filters: [request_id]
      upstream: users
    - path: /orders
      upstream: orders
  filters:
    - rate_limit: { limit: 200, per: 1m }
`
    const folder = folderWith({ 'a.yaml': one, 'b.yaml': next })
    const [code, out, err] = await asked(folder, 'diff', 'a.yaml', 'b.yaml')
    expect([code, err]).toEqual([1, ''])
    expect(out).toBe(`+ listener  http://127.0.0.1:8443
~ filter    around everything
              rateLimit has other options
~ route     GET,HEAD /users/:id
              filters none  ->  requestId
- route     /text
+ route     /orders
~ upstream  users
              balancer roundRobin  ->  leastConnections
+ upstream  orders
- endpoint  http://127.0.0.1:9 of users
~ endpoint  http://127.0.0.1:10 of users
              weight 3  ->  4
+ endpoint  http://127.0.0.1:11 of users
10 changes; kept: 1 listener, 0 routes, 0 upstreams
`)
    const [, json] = await asked(folder, 'diff', '--json', 'a.yaml', 'b.yaml')
    expect(JSON.parse(json).changes).toHaveLength(10)
    expect(JSON.parse(json).changes[0]).toEqual({
      part: 'listener',
      change: 'added',
      name: 'http://127.0.0.1:8443',
      details: [],
    })
  })

  it.each([
    [
      'what is answered',
      (text: string) => text.replace('"one"', '"two"'),
      /~ route {5}\/text\n +it is answered in another way/,
    ],
    ['a companion', (text: string) => `${text}  admin: { port: 0 }\n`, /^\+ companion admin$/m],
    [
      'how many processes serve',
      (text: string) => `${text}  workers: 2\n`,
      /~ workers {3}workers\n +1 {2}-> {2}2/,
    ],
    [
      'a limit of a listener',
      (text: string) => text.replace('port: 0', 'port: 0, limits: { connections: 7 }'),
      /~ listener.*\n +limits\.connections \d+ {2}-> {2}7/,
    ],
  ])('tells of %s', async (_, change, expected) => {
    const folder = folderWith({ 'a.yaml': one, 'b.yaml': change(one) })
    const [code, out, err] = await asked(folder, 'diff', 'a.yaml', 'b.yaml')
    expect([code, err]).toEqual([1, ''])
    expect(out).toMatch(expected)
  })

  it.each([
    ['nothing', 'cert_file: c.pem, key_file: k.pem', []],
    [
      'a file',
      'cert_file: d.pem, key_file: k.pem',
      [/tls\.files \S+\/c\.pem \S+\/k\.pem {2}-> {2}\S+\/d\.pem \S+\/k\.pem/],
    ],
    [
      'a version',
      'cert_file: c.pem, key_file: k.pem, min_version: TLSv1.3',
      [/tls\.minVersion TLSv1\.2 {2}-> {2}TLSv1\.3/],
    ],
    ['names', 'cert_file: c.pem, key_file: k.pem, names: [a.test]', [/tls has other options/]],
  ])('tells of a listener with TLS what is another about it: %s', async (_, tls, expected) => {
    const of = (options: string): string => one.replace('port: 0', `port: 8443, tls: { ${options} }`)
    const folder = folderWith({ 'a.yaml': of('cert_file: c.pem, key_file: k.pem'), 'b.yaml': of(tls) })
    const [code, out, err] = await asked(folder, 'diff', '--json', 'a.yaml', 'b.yaml')
    expect([code, err]).toEqual([expected.length === 0 ? 0 : 1, ''])
    const { changes } = JSON.parse(out)
    expect(changes.flatMap(({ details }: { details: string[] }) => details)).toEqual(
      expected.map((line) => expect.stringMatching(line)),
    )
  })

  it('tells of a pool that looks the same and is not', async () => {
    const of = (limit: number): string =>
      `proxy:\n  upstreams: { a: { endpoints: ["127.0.0.1:9"], filters: [{ rate_limit: { limit: ${limit}, per: 1m } }] } }\n`
    const folder = folderWith({ 'a.yaml': of(1), 'b.yaml': of(2) })
    const [code, out] = await asked(folder, 'diff', 'a.yaml', 'b.yaml')
    expect([code, out]).toEqual([1, expect.stringContaining('              a has other options\n')])
  })

  it('tells of TLS with other options without what they are', async () => {
    const tls = (passphrase: string) =>
      gatewayYaml('one').replace(
        'port: 0',
        `port: 0, tls: { cert_file: a, key_file: b, passphrase: ${passphrase} }`,
      )
    const folder = folderWith({ 'a.yaml': tls('one-secret'), 'b.yaml': tls('two-secret') })
    expect(await asked(folder, 'diff', 'a.yaml', 'a.yaml')).toMatchObject([0, expect.any(String), ''])
    const [code, out] = await asked(folder, 'diff', 'a.yaml', 'b.yaml')
    expect([code, out]).toEqual([
      1,
      `~ listener  https://127.0.0.1:0
              tls has other options
1 change; kept: 0 listeners, 2 routes, 1 upstream
`,
    ])
  })

  it('ends with 2 where one of them is wrong, since 1 says that they differ', async () => {
    const folder = folderWith({ 'a.yaml': one, 'b.yaml': 'proxy: [' })
    const [code, out, err] = await asked(folder, 'diff', 'a.yaml', 'b.yaml')
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('b.yaml:1:')
  })

  it('is in colour for a person, unless he wants none', async () => {
    const folder = folderWith({ 'a.yaml': one, 'b.yaml': one.replace('"one"', '"two"') })
    const written = async (isTerminal: boolean, env: Record<string, string>): Promise<string> => {
      const io = fakeIo(folder, { isTerminal, env })
      await runCli(['diff', 'a.yaml', 'b.yaml'], io)
      return io.stdout
    }
    expect(await written(true, {})).toContain('\u001b[33m~ route')
    for (const plain of [await written(true, { NO_COLOR: '1' }), await written(false, {})])
      expect(plain).not.toContain('\u001b')
  })
})
