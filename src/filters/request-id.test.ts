import { describe, expect, test } from 'vitest'
import { respond } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import { exchange, fault, run, simulate } from '../testing/index.ts'
import { currentRequestId, type RequestIdOptions, requestId } from './request-id.ts'

const trusted = { address: '203.0.113.9', peer: { address: '10.0.0.1', port: 5 }, peerTrusted: true }

/** The id that the service gets, where the client has sent these. */
async function idFor(
  sent: readonly string[],
  options: RequestIdOptions = {},
  client: Parameters<typeof exchange>[0] = { client: trusted },
): Promise<string | undefined> {
  const made = exchange({ ...client, id: 'new', headers: sent.map((it) => ['x-request-id', it] as const) })
  const { calls, response } = await run(requestId(options), made)
  const id = calls[0]?.headers.get('x-request-id')
  expect(response.headers.getAll('x-request-id')).toEqual([id])
  expect(made.get(currentRequestId)).toBe(id)
  expect(calls[0]?.headers.getAll('x-request-id')).toHaveLength(1)
  return id
}

describe('requestId keeps', () => {
  test.each(['abc', 'A-1_b.c~d:e@f+g/h=', 'x'.repeat(128), '0'])(
    'the id %j of a trusted peer',
    async (id) => {
      expect(await idFor([id])).toBe(id)
    },
  )

  test('the id of anyone where it is told to', async () => {
    expect(await idFor(['abc'], { accept: 'anyone' }, {})).toBe('abc')
  })
})

describe('requestId makes a new id', () => {
  test('where there is none', async () => {
    expect(await idFor([])).toBe('new')
  })

  test('in place of that of a client', async () => {
    expect(await idFor(['abc'], {}, {})).toBe('new')
  })

  test('in place of that of a trusted peer where it is told to', async () => {
    expect(await idFor(['abc'], { accept: 'nobody' })).toBe('new')
  })

  test.each([
    ['too long', ['x'.repeat(129)]],
    ['empty', ['']],
    ['with a space', ['a b']],
    ['with a quote', ['a"b']],
    ['with a comma', ['a,b']],
    ['with a bracket', ['<script>']],
    ['beyond ASCII', ['caf\u00e9']],
    ['on two lines', ['a', 'b']],
    ['twice on two lines', ['a', 'a']],
  ])('in place of one that is %s', async (_, sent) => {
    expect(await idFor(sent)).toBe('new')
  })

  test('by the function that it was given', async () => {
    expect(await idFor(['abc'], { generate: ({ id }) => `eu/${id}` }, {})).toBe('eu/new')
  })

  test('within the length that it was given', async () => {
    expect(await idFor(['abcd'], { maxLength: 4 })).toBe('abcd')
    expect(await idFor(['abcde'], { maxLength: 4 })).toBe('new')
  })
})

test('requestId takes the place of what the service says', async () => {
  const { response } = await run(requestId(), exchange({ id: 'new' }), () =>
    respond(200, '', [
      ['x-request-id', 'a'],
      ['x-request-id', 'b'],
    ]),
  )
  expect(response.headers.getAll('x-request-id')).toEqual(['new'])
})

test('requestId does not tell clients where it is told not to', async () => {
  const { response, calls } = await run(requestId({ respond: false }), exchange({ id: 'new' }))
  expect([calls[0]?.headers.get('x-request-id'), response.headers.has('x-request-id')]).toEqual([
    'new',
    false,
  ])
})

test('requestId uses another field', async () => {
  const { calls, response } = await run(requestId({ header: 'Correlation-Id' }), exchange({ id: 'new' }))
  expect(calls[0]?.headers.get('correlation-id')).toBe('new')
  expect(response.headers.get('correlation-id')).toBe('new')
})

test('requestId in a whole proxy: trusted proxies, clients, and error answers', async () => {
  await using sim = simulate(
    proxy()
      .listen({ port: 80, trustedProxies: ['10.0.0.0/8'] })
      .use(requestId())
      .route('/', pool(['http://u1']))
      .route('/down', pool(['http://u2'])),
  )
  const service = sim.upstream('http://u1')
  const headers = { 'x-request-id': 'from-outside' }

  // 1. A trusted proxy's is kept, with no word of forwarding beside it.
  const kept = await sim.client('10.1.2.3').get('/', { headers })
  expect(kept.headers.get('x-request-id')).toBe('from-outside')
  expect(service.requests.at(-1)?.header('x-request-id')).toBe('from-outside')

  // 2. A client's is replaced.
  const made = await sim.get('/', { headers })
  expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
  expect(service.requests.at(-1)?.header('x-request-id')).toBe(made.headers.get('x-request-id'))

  // 3. An error answer has it.
  sim.upstream('http://u2').inject(fault.refuse())
  const failed = await sim.get('/down', { headers })
  expect([failed.status, failed.headers.get('x-request-id')]).toEqual([
    502,
    expect.stringMatching(/^[0-9a-f]{32}$/),
  ])
  await sim.assertNoLeaks()
})

test('requestId fails the exchange where the function that it was given makes no id', async () => {
  for (const generate of [() => 'a b', () => 7, () => undefined] as unknown as (() => string)[]) {
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(requestId({ generate }))
        .route('/', () => respond(200)),
    )
    expect((await sim.get('/')).status).toBe(500)
    await sim.assertNoLeaks()
  }
})

describe('requestId refuses', () => {
  test.each<[string, unknown]>([
    ['header', 'X Request'],
    ['header', ''],
    ['header', 7],
    ['accept', 'all'],
    ['maxLength', 0],
    ['maxLength', 1_025],
    ['maxLength', '8'],
    ['generate', 'uuid'],
    ['respond', 'yes'],
    ['responde', true],
  ])('a wrong %s: %j', (option, value) => {
    expect(() => requestId({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})

describe('requestId', () => {
  test.each(['X_Request_Id', 'x-request_id'])('lets no %s of a client pass for it', async (name) => {
    const made = exchange({ id: 'new', headers: [[name, 'forged']] })
    const { calls } = await run(requestId(), made)
    expect([...calls[0]!.headers].filter(([it]) => it !== 'Host')).toEqual([['X-Request-Id', 'new']])
  })

  test.each(['Host', 'Content-Length', 'X-Forwarded-For', 'Connection'])(
    'refuses %s, which means something else',
    (header) => {
      expect(() => requestId({ header })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID' }) as Error,
      )
    },
  )
})
