/** A filter tested by itself: no sockets, no server, no time. Runs with any test runner; here with Node's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { respond } from 'gatewright'
import { exchange, run } from 'gatewright/testing'
import { requireToken, user } from './require-token.ts'

const filter = requireToken({ abc: 'ada' })

await test('requireToken answers 401 without asking the service', async () => {
  const { response, callCount } = await run(filter, exchange({ url: '/private' }))

  assert.equal(response.status, 401)
  assert.equal(response.headers.get('www-authenticate'), 'Bearer')
  assert.deepEqual(await response.body.json(), { error: 'unknown token' })
  assert.equal(callCount, 0)
})

await test('requireToken tells the service who it is, and keeps the token back', async () => {
  const known = exchange({ url: '/private', headers: { Authorization: 'Bearer abc' } })
  const { response, calls } = await run(filter, known)

  assert.equal(response.status, 200)
  assert.equal(calls[0]?.headers.get('x-user'), 'ada')
  assert.equal(calls[0]?.headers.has('authorization'), false)
  assert.equal(known.get(user), 'ada')
})

await test('requireToken passes on what the service answers', async () => {
  const known = exchange({ headers: { Authorization: 'Bearer abc' } })
  const ran = await run(filter, known, () => respond(404, 'no such thing'))

  assert.equal(ran.response.status, 404)
  const { result, bytesSent } = await ran.finish()
  assert.deepEqual({ result, bytesSent }, { result: 'completed', bytesSent: 13 })
})
