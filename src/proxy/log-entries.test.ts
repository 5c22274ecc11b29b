import { describe, expect, it, onTestFinished } from 'vitest'
import { type LogEntry, type LogLevel, log } from '../core/log.ts'
import { pool } from '../pool/pool.ts'
import { fakeUpstream, memoryNetwork, rawClient, simulate, virtualClock } from '../testing/index.ts'
import { proxy, type RoutedProxy } from './proxy.ts'

/** What the process tells of itself during a test. */
function told(level: LogLevel): string[] {
  const { level: before, to } = log
  const lines: string[] = []
  log.level = level
  log.to = (entry: LogEntry) => void lines.push(`${entry.level}: ${entry.message}`)
  onTestFinished(() => {
    log.level = before
    log.to = to
  })
  return lines
}

const URL = 'http://users'

/** A proxy before one service, which is started as users start it. */
async function world(app: RoutedProxy) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const service = await fakeUpstream({ network, clock, host: 'users', port: 80 }).start()
  const running = await app
    .listen({ port: 80, host: 'proxy' })
    .start({ signals: false, surroundings: { clock, network } })
  onTestFinished(async () => {
    await clock.until(running.close())
    await service.close()
  })
  const ask = async (path: string): Promise<void> => {
    const client = await rawClient(network, running.url)
    await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    await clock.until(client.response())
    await client.close()
  }
  return { clock, service, running, ask }
}

describe('the log of a proxy', () => {
  it('tells of a reload, of one that was refused, of a drain and of the end', async () => {
    const lines = told('info')
    const app = () => proxy().route('/', pool([URL], { name: 'users' }))
    const { clock, running } = await world(app())
    const { url } = running
    await running.reload(app().listen({ port: 81, host: 'proxy' }))
    const at = running.url
    const broken = app().attach({
      kind: 'broken',
      start: () => {
        throw new Error('no room')
      },
    })
    await expect(running.reload(broken.listen({ port: 82, host: 'proxy' }))).rejects.toThrow('no room')
    await clock.until(running.drain('1s'))
    expect(url).not.toBe(at)
    expect(lines).toEqual([
      `info: the proxy at ${at} has been reloaded`,
      `info: a reload of the proxy at ${at} was refused, and the old description goes on: no room`,
      `info: the proxy at ${at} is drained`,
      `info: the proxy at ${at} is closed`,
    ])
  })

  it('tells of the health of endpoints, of ejections and of drains; and of probes where all is told', async () => {
    const lines = told('debug')
    const users = pool([URL], { name: 'users' })
      .health({ path: '/healthz', intervalMs: '1s', fall: 2, rise: 1 })
      .eject({ consecutiveErrors: 1, ejectMs: '5s', maxEjected: 1 })
    const { clock, service, running, ask } = await world(proxy().route('/', users))
    let status = 200
    service.on('GET /healthz', () => ({ status })).on('GET /', { status: 502 })
    await clock.advance('500ms')
    status = 503
    await clock.advance('2s')
    status = 200
    await clock.advance('1s')
    await ask('/')
    await clock.advance('6s')
    const handle = running.pool('users')
    await handle.drain(URL)
    handle.readmit(URL)
    const of = 'http://users of the pool "users"'
    expect(lines).toEqual([
      `info: ${of} is healthy, and was unknown: passed`,
      `debug: ${of} has failed a probe: status 503`,
      `debug: ${of} has failed a probe: status 503`,
      `info: ${of} is unhealthy, and was healthy: status 503`,
      'info: of the pool "users" too few endpoints are fit to serve: 1 are chosen from',
      `info: ${of} is healthy, and was unhealthy: passed`,
      'info: of the pool "users" enough endpoints are fit to serve again',
      expect.stringMatching(`^info: ${of} is left alone for \\d{4} ms: 1 errors in a row$`),
      'info: of the pool "users" too few endpoints are fit to serve: 1 are chosen from',
      `info: ${of} is left alone no longer`,
      'info: of the pool "users" enough endpoints are fit to serve again',
      `info: ${of} is drained, with 0 in flight`,
      `info: ${of} has nothing in flight any more`,
      `info: ${of} is readmitted`,
    ])
  })

  it('tells of retries where all is told, and of nothing in their place otherwise', async () => {
    const users = pool([URL], { name: 'users' }).retry({ attempts: 2, on: [503] })
    const lines = told('debug')
    const { service, ask } = await world(proxy().route('/', users))
    service.reply({ status: 503 })
    await ask('/a?secret')
    expect(lines).toEqual([
      expect.stringMatching(/^debug: another attempt in \d+ ms, after status 503 \(GET \/a, exchange \S+\)$/),
    ])
    lines.length = 0
    log.level = 'info'
    await ask('/b')
    expect(lines).toEqual([])
  })

  it('is told of a simulation only what is a warning or worse', async () => {
    const lines = told('debug')
    const users = pool([URL], { name: 'users' })
      .retry({ on: [503] })
      .health({ path: '/' })
    const failing = proxy()
      .route('/broken', () => {
        throw new TypeError('ours')
      })
      .route('/', users)
    await using sim = simulate(failing)
    sim.upstream(URL).reply({ status: 503 })
    await sim.get('/')
    await sim.get('/broken')
    await sim.drain('1s')
    expect(lines).toEqual([expect.stringMatching(/^error: The proxy failed \(GET \/broken, exchange \S+\)$/)])
  })
})
