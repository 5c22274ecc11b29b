/** Pages that have moved, and a host that has another name now. */
import assert from 'node:assert/strict'
import { proxy, respond } from 'gatewright'
import { redirect } from 'gatewright/filters/redirect'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .route('/articles/:id', redirect('/posts/:id'))
  .route('/posts/:id', ({ params }) => respond(200, `post ${params.id}`))
  .route('old.example/*', redirect('https://new.example/*', { status: 301 }))

const sim = simulate(app)
const moved = await sim.get('/articles/7?page=2')
assert.deepEqual([moved.status, moved.headers.get('location')], [308, '/posts/7?page=2'])
assert.equal((await sim.get(moved.headers.get('location') ?? '')).text(), 'post 7')

const renamed = await sim.get('/a/b', { headers: { Host: 'old.example' } })
assert.deepEqual([renamed.status, renamed.headers.get('location')], [301, 'https://new.example/a/b'])
await sim.assertNoLeaks()
console.log(moved.headers.get('location'), renamed.headers.get('location'))
