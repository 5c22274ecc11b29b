/**
 * Two services and a proxy in front of them: `npm start`, then
 *
 *   curl -i http://127.0.0.1:8080/users/42
 *
 * is answered by both in turn. `PORT=9000 npm start` takes another port.
 */
import { type Filter, type Handler, pool, proxy, respond } from 'gatewright'
import { fakeUpstream } from 'gatewright/testing'
import { banner } from './banner.ts'

// Stand-ins for services of your own; their addresses are all that the proxy knows of them.
const services = await Promise.all(['one', 'two'].map(startService))

const users = pool(
  services.map(({ url }) => url),
  { name: 'users' },
)

const showEndpoint: Filter = async (exchange, next) => {
  const response = await next(exchange)
  if (exchange.endpoint !== undefined) response.headers.set('X-Endpoint', exchange.endpoint.url)
  return response
}

const health: Handler = () => respond(200, 'ok\n')

const app = proxy()
  .listen(Number(process.env.PORT ?? 8080))
  .use(showEndpoint)
  .route('GET /users/:id', users)
  .route('/healthz', health)

const running = await app.start()
console.log(banner(app, running))

// Ctrl-C drains the proxy; what runs beside it ends after it.
await running.closed
await Promise.all(services.map((service) => service.close()))

function startService(name: string) {
  return fakeUpstream({ socket: true })
    .on('GET /users/:id', ({ params }) => ({
      headers: { 'Content-Type': 'application/json' },
      body: `${JSON.stringify({ user: params.id, answeredBy: name })}\n`,
    }))
    .start()
}
