import { scryptSync } from 'node:crypto'
import bcryptjs from 'bcryptjs'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { pool, proxy } from '../index.ts'
import { assertProblem, exchange, run, simulate, type VirtualClock, virtualClock } from '../testing/index.ts'
import { type BasicAuthOptions, basicAuth, basicAuthUser } from './basic-auth.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const unpadded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
const scryptHash = (password: string) =>
  `$scrypt$ln=4,r=8,p=1$${unpadded(Buffer.from('salt-of-16-bytes'))}$${unpadded(scryptSync(password, 'salt-of-16-bytes', 32, { N: 16, r: 8, p: 1 }))}`

const USERS = { ada: scryptHash('pass:word'), zoë: scryptHash('geheimnis\u00e9') }
const HTPASSWD = `# staff\n\nbob:${bcryptjs.hashSync('builder', 4).replace('$2b$', '$2y$')}\r\neve:${bcryptjs.hashSync('x', 4)}:comment\n`

const opened: Disposable[] = []
afterEach(() => {
  for (const it of opened.splice(0)) it[Symbol.dispose]()
})
function made(options: BasicAuthOptions): Filter {
  const filter = basicAuth(options)
  opened.push(filter)
  return filter
}

/** The name that was found, or the error's code. */
async function login(filter: Filter, credentials: string, clock?: VirtualClock): Promise<string | undefined> {
  const asked = exchange({ headers: { authorization: `Basic ${base64(credentials)}` }, clock })
  return run(filter, asked).then(
    () => asked.get(basicAuthUser),
    (error: ProxyError) => error.code,
  )
}

describe('basicAuth', () => {
  test.each([
    ['ada:pass:word', 'ada'],
    ['zoe\u0308:geheimnise\u0301', 'zoë'],
    ['bob:builder', 'bob'],
    ['eve:x', 'eve'],
    ['ada:', 'unauthenticated'],
    ['ada:pass', 'unauthenticated'],
    ['Ada:pass:word', 'unauthenticated'],
    ['bob:pass:word', 'unauthenticated'],
    ['nobody:pass:word', 'unauthenticated'],
    [':pass:word', 'unauthenticated'],
    ['__proto__:x', 'unauthenticated'],
  ])('of %j makes %s', async (credentials, expected) => {
    expect(await login(made({ users: USERS, htpasswd: HTPASSWD }), credentials)).toBe(expected)
  })

  test('does not let the password through, unless it is told to', async () => {
    for (const forward of [false, true]) {
      const headers = { authorization: `basic ${base64('ada:pass:word')}` }
      const { calls } = await run(made({ users: USERS, forward }), exchange({ headers }))
      expect(calls[0]?.headers.has('authorization')).toBe(forward)
    }
  })

  test.each<[string, [string, string][], RegExp]>([
    ['no field', [], /no name and password/],
    ['another scheme', [['authorization', 'Bearer abc']], /no name and password/],
    ['a scheme alone', [['authorization', 'Basic']], /nothing behind/],
    ['no base64', [['authorization', 'Basic ***']], /base64/],
    ['base64 for URLs', [['authorization', 'Basic YWRh-_==']], /base64/],
    ['half a letter', [['authorization', 'Basic YWRhO']], /base64/],
    ['no UTF-8', [['authorization', `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`]], /UTF-8/],
    ['no colon', [['authorization', `Basic ${base64('ada')}`]], /colon/],
    ['a control character', [['authorization', `Basic ${base64('ada:pass\0word')}`]], /control/],
    ['too much', [['authorization', `Basic ${base64('ada:'.padEnd(2_000, 'x'))}`]], /too long/],
    [
      'two fields',
      [
        ['authorization', 'Basic YWRhOmE='],
        ['authorization', 'Basic YWRhOmE='],
      ],
      /more than one/,
    ],
  ])('refuses %s with a challenge', async (_, headers, detail) => {
    const error = await run(made({ users: USERS, realm: 'staff' }), exchange({ headers })).catch(
      (it: unknown) => it,
    )
    expect(error).toMatchObject({ code: 'unauthenticated', detail: expect.stringMatching(detail) })
    expect((error as ProxyError).headers?.get('www-authenticate')).toBe(
      'Basic realm="staff", charset="UTF-8"',
    )
  })

  test('asks a function, and believes nothing but true', async () => {
    for (const [verdict, expected] of [
      [true, 'ada'],
      [1, 'unauthenticated'],
      [undefined, 'unauthenticated'],
    ]) {
      const verify = async (name: string, password: string) => {
        expect([name, password]).toEqual(['ada', 'a'])
        return verdict as boolean
      }
      expect(await login(made({ verify }), 'ada:a')).toBe(expected)
    }
  })

  test.each<[string, () => Promise<boolean>]>([
    ['fails', () => Promise.reject(new Error('down'))],
    ['does not answer', () => new Promise(() => {})],
  ])('is unavailable where the function %s', async (_, verify) => {
    expect(await login(made({ verify }), 'ada:a')).toBe('identity_unavailable')
  })

  test('remembers what was right for its time, and never what was wrong', async () => {
    let asked = 0
    const verify = (_: string, password: string): boolean => {
      asked++
      return password === 'right'
    }
    const filter = made({ verify, cacheMs: 1_000 })
    const clock = virtualClock()
    for (const password of ['right', 'right', 'wrong', 'wrong']) await login(filter, `ada:${password}`, clock)
    expect(asked).toBe(3)
    expect(await login(filter, 'bob:right', clock)).toBe('bob')
    expect(asked).toBe(4)
    await clock.advance(1_000)
    await login(filter, 'ada:right', clock)
    expect(asked).toBe(5)
  })

  test('checks two at once, lets some wait, and turns the rest away at once', async () => {
    const open: ((right: boolean) => void)[] = []
    const filter = made({
      verify: () => new Promise((resolve) => open.push(resolve)),
      concurrency: 2,
      maxWaiting: 2,
    })
    const clock = virtualClock()
    const come = (name: string) => login(filter, `${name}:x`, clock)
    const all = ['a', 'b', 'c', 'd'].map(come)
    const same = come('d')
    await clock.advance(0)
    expect(open).toHaveLength(2)
    expect(await come('e')).toBe('identity_unavailable')
    while (open.length > 0) {
      open.shift()!(true)
      await clock.advance(0)
    }
    expect(await Promise.all([...all, same])).toEqual(['a', 'b', 'c', 'd', 'd'])
    expect(clock.pending).toBe(0)
  })

  test('checks nothing for those who have left while they waited', async () => {
    const checked: string[] = []
    const open: ((right: boolean) => void)[] = []
    const filter = made({
      verify: (name) => {
        checked.push(name)
        return new Promise((resolve) => open.push(resolve))
      },
      concurrency: 1,
    })
    const clock = virtualClock()
    const come = (name: string) =>
      exchange({ headers: { authorization: `Basic ${base64(`${name}:x`)}` }, clock })
    const [first, leaves, last] = [come('first'), come('leaves'), come('last')]
    const results = [first, leaves, last].map((it) =>
      run(filter, it).then(
        ({ response }) => response.status,
        () => 0,
      ),
    )
    leaves.abort()
    open.shift()!(true)
    await clock.advance(0)
    open.shift()!(true)
    expect(await Promise.all(results)).toEqual([200, 0, 200])
    expect(checked).toEqual(['first', 'last'])
  })

  test('computes as much for a name that there is not', async () => {
    // The one place is taken by it.
    const filter = made({ users: { ada: scryptHash('right') }, concurrency: 1, maxWaiting: 0 })
    const clock = virtualClock()
    const first = login(filter, 'nobody:right', clock)
    expect(await login(filter, 'other:right', clock)).toBe('identity_unavailable')
    expect(await first).toBe('unauthenticated')
  })
})

test('basicAuth in a whole proxy: bcrypt in its thread, scrypt in the pool, and nothing is left', async () => {
  await using sim = simulate(
    proxy()
      .listen(80)
      .use(basicAuth({ users: USERS, htpasswd: HTPASSWD, realm: 'staff' }))
      .route('/', pool(['http://u1'])),
  )
  const get = (credentials: string) =>
    sim.get('/', { headers: { authorization: `Basic ${base64(credentials)}` } })
  for (const good of ['ada:pass:word', 'bob:builder', 'bob:builder']) {
    const response = await get(good)
    expect([response.status, response.durationMs]).toEqual([200, 0])
  }
  for (const bad of ['bob:plumber', 'nobody:x', 'ada:builder'])
    assertProblem(await get(bad), 'unauthenticated')
  const refused = await sim.get('/')
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    'Basic realm="staff", charset="UTF-8"',
  ])
  expect(sim.upstream('http://u1').requests).toHaveLength(3)
  await sim.assertNoLeaks()
})

describe('basicAuth does not take', () => {
  const hash = USERS.ada
  test.each<[string, unknown]>([
    ['users', {}],
    ['users', { users: {} }],
    ['users', { users: 'ada:secret' }],
    ['ada', { users: { ada: 'secret' } }],
    ['ada', { users: { ada: '$apr1$secret$0123456789abcdefghijkl' } }],
    ['ada', { users: { ada: 7 } }],
    ['a:b', { users: { 'a:b': hash } }],
    ['line 2', { htpasswd: `ada:${hash}\nbob:secret` }],
    ['line 1', { htpasswd: 'secret' }],
    ['line 2', { htpasswd: `ada:${hash}\nada:${hash}` }],
    ['htpasswd', { htpasswd: '# nobody' }],
    ['htpasswd', { htpasswd: 7 }],
    ['verify', { verify: 'secret' }],
    ['verify', { users: USERS, verify: () => true }],
    ['realm', { users: USERS, realm: '' }],
    ['forward', { users: USERS, forward: 'yes' }],
    ['cacheMs', { users: USERS, cacheMs: -1 }],
    ['cacheMax', { users: USERS, cacheMax: 0 }],
    ['concurrency', { users: USERS, concurrency: 0 }],
    ['maxWaiting', { users: USERS, maxWaiting: -1 }],
    ['timeoutMs', { users: USERS, timeoutMs: 0 }],
    ['user', { user: {} }],
  ])('a wrong %s: %j', (option, options) => {
    const call = () => basicAuth(options as BasicAuthOptions)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
    expect(call).not.toThrow(/secret/)
  })
})
