import { expect, expectTypeOf, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { respond } from '../core/message.ts'
import { problemResponse } from '../core/problem.ts'
import { pool, proxy } from '../index.ts'
import { simulate } from './simulation/simulate.ts'
import './vitest.ts'

// What each of them finds, and says, is tested with the checks.

test('the matchers wait for a promise behind resolves', async () => {
  await expect(Promise.resolve(respond(204))).resolves.toHaveStatus(204)
  await expect(Promise.resolve(respond(204))).resolves.not.toHaveStatus('5xx')
  await expect(expect(Promise.resolve(respond(502))).resolves.toHaveStatus(204)).rejects.toThrow(
    'expected status 204, got 502',
  )
  const waiting = expect(Promise.resolve(respond(204))).resolves.toHaveStatus(204)
  expectTypeOf(waiting).toEqualTypeOf<Promise<void>>()
  await waiting
})

test('the matchers stand inside of what is compared', () => {
  const answers = { first: respond(200, 'ok'), second: problemResponse(new ProxyError('no_endpoint')) }
  expect(answers).toEqual({ first: expect.toHaveStatus(200), second: expect.toHaveProblem('no_endpoint') })
  expect(answers).toEqual({ first: expect.not.toHaveStatus(503), second: expect.toHaveStatus('5xx') })
  expect(answers).not.toEqual({ first: expect.toHaveStatus(503), second: expect.anything() })
})

test('the matchers show a difference only where there is one', () => {
  expect(thrownBy(() => expect(respond(502)).toHaveStatus(200))).toMatchObject({ actual: 502, expected: 200 })
  expect(thrownBy(() => expect(respond(502)).not.toHaveStatus(502))).toMatchObject({
    actual: undefined,
    expected: undefined,
  })
})

test('the matchers say what the test says before', () => {
  expect(() => expect(respond(502), 'the second try').toHaveStatus(200)).toThrow(
    'the second try: expected status 200, got 502',
  )
})

test('the matchers read what a simulation gives', async () => {
  const app = proxy()
    .route('/own', () => respond(204))
    .route('/', pool(['http://u1']))
  const sim = simulate(app)
  sim.upstream('http://u1').on('GET /', { body: 'ok' }).on('GET /broken', { raw: 'nonsense' })

  const served = await sim.get('/')
  expect(served).toHaveStatus(200)
  expect(served).toBeServedBy('http://u1')
  expect(served).toHaveAttempts(1)

  const own = await sim.get('/own')
  expect(own).not.toBeServedBy('http://u1')
  expect(own).toHaveAttempts(0)

  const broken = await sim.get('/broken')
  expect(broken).toHaveProblem('upstream_response_malformed')
  expect(broken).toHaveHeader('content-type', 'application/problem+json')
  expect(broken).toHaveOutcome({ result: 'completed', status: 502, error: 'upstream_response_malformed' })
  expect(broken).not.toBeServedBy('http://u1')
  expect(sim).toHaveJournalled('to http://u1', '204', 'to http://u1', 'upstream_response_malformed')
  expect(sim.journal).not.toHaveJournalled('/own', 'GET / ')

  const forgotten = sim.get('/')
  expect(() => expect(forgotten).toHaveStatus(200)).toThrow(
    'toHaveStatus: it is a promise: write expect(await sim.get("/"))',
  )
  await forgotten
  await sim.assertNoLeaks()
})

function thrownBy(call: () => void): unknown {
  try {
    call()
  } catch (thrown) {
    return thrown
  }
  return undefined
}
