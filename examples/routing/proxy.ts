/** Routes: the most specific match wins, groups share a prefix and filters, and `explain` says why. */
import assert from 'node:assert/strict'
import { any, type Handler, not, onResponse, proxy, respond } from 'gatewright'
import { redirect, rewrite, stripPrefix } from 'gatewright/filters'

const answer =
  (text: string): Handler =>
  ({ request, params }) =>
    respond(200, `${text} ${request.path} ${JSON.stringify(params)}`)

const app = proxy()
  .listen(0)
  // A path is a prefix, by segment. Methods stand in front; `GET` takes `HEAD` too.
  .route('/users', answer('users'))
  .route('GET /users/:id', answer('user'))
  .route({ path: '/users/me', exact: true }, answer('me'))
  // A host, a header, a query: the more a match asks for, the earlier it is tried.
  .route('admin.example.com/', answer('admin'))
  .route({ path: '/users', headers: { 'X-Version': '2' } }, answer('users v2'))
  .route(any('/assets/*', '/static/*'), answer('files'))
  .route({ path: '/beta' }, answer('beta'))
  // What the service sees may be another path than what the client asked for.
  .route('/old/:id', redirect('/users/:id'))
  .route('/u/:id', rewrite('/u/:id', '/users/:id'), answer('rewritten'))
  .group('/api', (api) =>
    api
      .use(
        stripPrefix('/api'),
        onResponse((response) => {
          response.headers.set('X-Api', '1')
        }),
      )
      .route('/orders', answer('orders'))
      .route(not({ path: '/orders' }), answer('the rest of the api')),
  )

const running = await app.start({ signals: false })
const text = async (path: string, init?: RequestInit) => (await fetch(running.url + path, init)).text()

assert.equal(await text('/users'), 'users /users {}')
assert.equal(await text('/users/7'), 'user /users/7 {"id":"7"}')
assert.equal(await text('/users/me'), 'me /users/me {}')
assert.equal(await text('/users/7', { method: 'POST' }), 'users /users/7 {}')
assert.equal(await text('/users', { headers: { 'X-Version': '2' } }), 'users v2 /users {}')
assert.equal(await text('/assets/a/b.css'), 'files /assets/a/b.css {"*":"a/b.css"}')
assert.equal(await text('/u/7'), 'rewritten /users/7 {"id":"7"}')
assert.equal(await text('/api/orders/3'), 'orders /orders/3 {}')
assert.equal(await text('/api/other'), 'the rest of the api /other {}')
assert.equal((await fetch(`${running.url}/api/orders`)).headers.get('x-api'), '1')
assert.equal(
  (await fetch(`${running.url}/old/7`, { redirect: 'manual' })).headers.get('location'),
  '/users/7',
)
assert.equal((await fetch(`${running.url}/nothing/here`)).status, 404)
await running.close()

assert.equal(app.explain('GET http://admin.example.com/users').route, 'admin.example.com/')
console.log(String(app.explain('GET /users/7')))
