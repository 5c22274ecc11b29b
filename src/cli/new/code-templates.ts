// The files of a project that is written in code. `project-files.test.ts` checks their types, runs their test and starts them.

export const PROXY_FILE = `import { pool, proxy, readiness } from 'gatewright'
import { accessLog, rateLimit, requestId } from 'gatewright/filters'

// What differs from place to place comes from the environment.
const {
  HOST = '127.0.0.1',
  PORT = '8080',
  LOG = 'on',
  SERVICES = 'http://127.0.0.1:3001,http://127.0.0.1:3002',
} = process.env

// Services that do the same. A request that one of them fails is tried at another, and one that fails too often gets no
// more requests for a while.
const users = pool(SERVICES.split(','), { name: 'users' }).leastConnections().retry().eject()

// A description: nothing is opened here, so that tests can have it, too.
export default proxy()
  .listen({ host: HOST, port: Number(PORT) })
  .use(requestId(), accessLog({ skip: () => LOG === 'off' }))
  .route('GET /healthz', readiness())
  .route('/users/:id', rateLimit({ limit: 100, per: '1m' }), users)
`

export const SERVICES_FILE = `import { fakeUpstream } from 'gatewright/testing'

/** Stand-ins for services of your own, on ports that are free. */
export function startServices() {
  return Promise.all(
    ['one', 'two'].map((name) =>
      fakeUpstream({ socket: true })
        .on('GET /users/:id', ({ params }) => ({ json: { user: params.id, answeredBy: name } }))
        .start(),
    ),
  )
}
`

export const START_FILE = `import { startServices } from './services.ts'

// Where SERVICES names none, there are stand-ins.
const standIns = process.env.SERVICES === undefined ? await startServices() : []
if (standIns.length > 0) process.env.SERVICES = standIns.map(({ url }) => url).join(',')

const { default: app } = await import('./proxy.ts')
const running = await app.start()

console.log('Gatewright listens on ' + running.url)
for (const { match, filters, target } of app.routes) {
  const served = target.endpoints?.map(({ url }) => url).join(', ') ?? target.name
  console.log('  ' + [match, ...filters, served].join(' > '))
}
console.log('Try:  curl -i ' + running.url + '/users/42')

// Ctrl-C and SIGTERM finish what runs; what runs beside the proxy ends after it.
await running.closed
await Promise.all(standIns.map((service) => service.close()))
`

export const TEST_FILE = `import { simulate } from 'gatewright/testing'
import { expect, test } from 'vitest'

// Nobody reads the access log of a test.
process.env.LOG = 'off'

// The very proxy that is started, with services in memory and time that moves only when it is told to.
const { default: app } = await import('./proxy.ts')

test('both services answer', async () => {
  await using sim = simulate(app)
  const answers = await sim.load({ rate: 1, duration: '20s', request: '/users/42' })
  expect(Object.keys(answers.byEndpoint)).toHaveLength(2)
  await sim.assertNoLeaks()
})

test('the loss of a service for a minute is nobody else\\'s affair', async () => {
  await using sim = simulate(app)
  sim.upstream('http://127.0.0.1:3001').outage({ after: '10s', lasts: '60s' })
  const answers = await sim.load({ rate: 1, duration: '90s', request: '/users/42' })
  expect(answers.byStatus).toEqual({ 200: answers.sent })
  await sim.assertNoLeaks()
})

test('a client has a hundred requests a minute', async () => {
  await using sim = simulate(app)
  const flood = await sim.load({ rate: 100, duration: '2s', arrivals: 'constant', request: '/users/42' })
  expect(flood.byStatus[429]).toBeGreaterThan(90)

  expect((await sim.client('192.0.2.7').get('/users/42')).status).toBe(200)
  await sim.advance('1m')
  expect((await sim.get('/users/42')).status).toBe(200)
})
`
