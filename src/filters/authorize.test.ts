import { describe, expect, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { respond } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import { assertProblem, exchange, run, simulate } from '../testing/index.ts'
import { type AuthorizePredicate, authorize } from './authorize.ts'

const isAdmin: AuthorizePredicate = ({ params }) => params.role === 'admin'

describe('authorize', () => {
  test.each<[string, unknown]>([
    ['true', true],
    ['true that comes later', Promise.resolve(true)],
  ])('lets pass by %s', async (_, verdict) => {
    const { callCount } = await run(
      authorize(() => verdict as boolean),
      exchange(),
    )
    expect(callCount).toBe(1)
  })

  test.each<[string, () => unknown]>([
    ['false', () => false],
    ['nothing', () => undefined],
    ['1', () => 1],
    ['a text', () => 'true'],
    ['an object', () => ({})],
    ['false that comes later', async () => false],
    ['another value that comes later', async () => 'true'],
    [
      'an exception',
      () => {
        throw new Error('internal: 10.0.0.1')
      },
    ],
    ['a rejection', () => Promise.reject(new TypeError('internal: 10.0.0.1'))],
  ])('refuses by %s', async (_, predicate) => {
    let called = 0
    const filter = authorize(predicate as AuthorizePredicate, { message: 'admins only' })
    const error = await run(filter, exchange(), () => {
      called++
      return respond(200)
    }).catch((it: unknown) => it)
    expect(error).toMatchObject({ code: 'access_denied', detail: 'admins only' })
    expect(called).toBe(0)
  })

  test('keeps what was thrown for logs', async () => {
    const cause = new Error('down')
    await expect(
      run(
        authorize(() => Promise.reject(cause)),
        exchange(),
      ),
    ).rejects.toMatchObject({ cause })
  })

  test.each<[string, AuthorizePredicate]>([
    [
      'at once',
      () => {
        throw new ProxyError('unauthenticated')
      },
    ],
    ['later', () => Promise.reject(new ProxyError('unauthenticated'))],
  ])('fails as a ProxyError says that is thrown %s', async (_, predicate) => {
    await expect(run(authorize(predicate), exchange())).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test.each([false, true])('answers with a response that it is given, later: %s', async (later) => {
    const login = () => respond(302, undefined, { Location: '/login' })
    const { response, callCount } = await run(authorize(later ? async () => login() : login), exchange())
    expect([response.status, response.headers.get('location'), callCount]).toEqual([302, '/login', 0])
  })

  test('does not take a failure of the service for its own', async () => {
    const failing = run(
      authorize(async () => true),
      exchange(),
      () => {
        throw new ProxyError('upstream_refused')
      },
    )
    await expect(failing).rejects.toMatchObject({ code: 'upstream_refused' })
  })

  test('in a whole proxy', async () => {
    await using sim = simulate(
      proxy()
        .listen(80)
        .route('/:role', authorize(isAdmin, { message: 'admins only' }), pool(['http://u1'])),
    )
    expect((await sim.get('/admin')).status).toBe(200)
    const refused = await sim.get('/guest')
    assertProblem(refused, 'access_denied')
    expect(refused.json()).toMatchObject({ detail: 'admins only' })
    expect(sim.upstream('http://u1').requests).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test.each<[string, unknown, unknown]>([
    ['predicate', true, {}],
    ['predicate', undefined, {}],
    ['message', isAdmin, { message: '' }],
    ['message', isAdmin, { message: 7 }],
    ['status', isAdmin, { status: 404 }],
  ])('refuses a wrong %s', (option, predicate, options) => {
    expect(() => authorize(predicate as AuthorizePredicate, options as object)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
