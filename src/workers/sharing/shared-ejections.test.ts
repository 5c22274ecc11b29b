import { describe, expect, onTestFinished, test } from 'vitest'
import { SharingWorkers } from '../../../test/workers/sharing-workers.ts'
import type { Network } from '../../core/network.ts'
import type { SharingHold, StateSharing } from '../../core/shared-state.ts'
import { rateLimit } from '../../filters/rate-limit.ts'
import type { EjectOptions } from '../../pool/eject-options.ts'
import { pool } from '../../pool/pool.ts'
import type { PoolHandle } from '../../pool/pool-handle.ts'
import { proxy, type RoutedProxy } from '../../proxy/proxy.ts'
import { memoryNetwork, rawClient, seededRandom, virtualClock } from '../../testing/index.ts'

const URLS = ['http://10.1.0.1', 'http://10.1.0.2', 'http://10.1.0.3', 'http://10.1.0.4']
const [U1, U2, U3] = URLS as [string, string, string]

function app(eject: EjectOptions = {}, urls: readonly string[] = URLS): RoutedProxy {
  const options = { ejectMs: '10s', jitter: 0, consecutiveErrors: 1, maxEjected: 0.5, ...eject } as const
  return proxy().route('/', pool(urls, { name: 'users' }).eject(options))
}

/** Whole proxies, each on a network of its own where no service is: whatever is tried is refused. */
function crowd() {
  const clock = virtualClock()
  const all = new SharingWorkers(clock)
  const start = async (served: RoutedProxy) => {
    const worker = all.start()
    const network = memoryNetwork({ clock })
    const holds: SharingHold[] = []
    const sharing: StateSharing = {
      hold: (list) => {
        holds.push(worker.sharing.hold(list))
        return holds.at(-1)!
      },
    }
    const watched: Network = {
      connect: (options, handler) => network.connect(options, handler),
      listen: (options, onWire) => {
        expect(holds).toHaveLength(1)
        return network.listen(options, onWire)
      },
    }
    const surroundings = { clock, network: watched, random: seededRandom(1), sharing }
    const running = await served.start({ signals: false, surroundings })
    onTestFinished(() => clock.until(running.close()))
    const ask = async () => {
      const client = await rawClient(network, running.url)
      await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const { status } = await clock.until(client.response())
      await client.close()
      return status
    }
    return { worker, running, holds, ask, users: () => running.pool('users') }
  }
  return { clock, all, start }
}

function ejected({ endpoints }: PoolHandle): (string | undefined)[] {
  return endpoints.map((it) => it.ejected && `${it.id} until ${it.ejected.untilMs}: ${it.ejected.reason}`)
}

function away(handle: PoolHandle): string[] {
  return handle.endpoints.filter((it) => it.ejected).map(({ id }) => id)
}

describe('ejections of several workers', () => {
  test('are followed within one message, until the same moment', async () => {
    const { clock, start } = crowd()
    const [one, two] = [await start(app()), await start(app())]
    expect(await one.ask()).toBe(502)
    const until = Date.UTC(2026, 0, 1) + 10_000
    await clock.advance(0)
    const [id] = away(one.users())
    expect(ejected(one.users())).toContain(`${id} until ${until}: 1 errors in a row`)
    expect(ejected(two.users())).toContain(`${id} until ${until}: worker 1: 1 errors in a row`)
    expect(two.worker.sent).toHaveLength(1)
    await clock.advance('9s')
    expect(away(two.users())).toEqual([id])
    await clock.advance('1s')
    expect([away(one.users()), away(two.users())]).toEqual([[], []])
  })

  test('by hand are, too, and no endpoint is ejected where too many are', async () => {
    const { clock, start } = crowd()
    const [one, two] = [await start(app()), await start(app())]
    one.worker.deaf = true
    for (const id of [U1, U2]) expect(one.users().eject(id, { forMs: '20s' })).toBe(true)
    expect(two.users().eject(U3, { forMs: '5s', reason: 'disk full' })).toBe(true)
    one.worker.deaf = false
    await clock.advance(0)
    expect([away(one.users()), away(two.users())]).toEqual([
      [U1, U2],
      [U1, U3],
    ])
    expect(one.users().eject(U3, { forMs: '20s' })).toBe(false)
    // A later end is followed, an earlier one is not.
    expect(two.users().eject(U1, { forMs: '20s' })).toBe(true)
    expect(two.users().eject(U1, { forMs: '300s' })).toBe(true)
    await clock.advance('20s')
    expect(away(one.users())).toEqual([U1])
    expect(two.users().eject(U1, { forMs: '1s' })).toBe(true)
    await clock.advance('5s')
    expect(away(two.users())).toEqual([U1])
  })

  test('are told to one that comes later, once', async () => {
    const { clock, start } = crowd()
    const [one, two] = [await start(app()), await start(app())]
    one.users().eject(U2, { forMs: '8s' })
    await clock.advance('3s')
    one.worker.end()
    const late = await start(app())
    await clock.advance(0)
    const until = Date.UTC(2026, 0, 1) + 8_000
    expect(ejected(late.users())).toContain(`${U2} until ${until}: worker 1: by hand`)
    await clock.advance('5s')
    expect([away(two.users()), away(late.users())]).toEqual([[], []])
  })

  test('go on after a reload, and end where a pool ejects no more', async () => {
    const { clock, all, start } = crowd()
    const [one, two] = [await start(app()), await start(app())]
    one.users().eject(U2, { forMs: '8s' })
    await clock.advance(0)
    await two.running.reload(app({ ejectMs: '5s' }))
    one.users().eject(U1, { forMs: '4s' })
    await clock.advance(0)
    expect(away(two.users())).toEqual([U1, U2])
    await two.running.reload(proxy().route('/', pool(URLS, { name: 'users' })))
    one.users().eject(U1, { forMs: '9s' })
    await clock.advance(0)
    expect(away(two.users())).toEqual([])
    expect(all.states.links).toBe(2)
    await clock.until(two.running.close())
    await clock.advance(0)
    expect(all.states.links).toBe(1)
  })

  test('are not told where a pool has left', async () => {
    const { start } = crowd()
    const { worker, holds, users } = await start(app())
    holds[0]!.release()
    const sent = worker.sent.length
    users().eject(U1, { forMs: '1s' })
    expect(worker.sent).toHaveLength(sent)
  })

  test('of what cannot be read change nothing, and none is longer than the longest of the pool', async () => {
    const { clock, start } = crowd()
    const [one, two] = [await start(app()), await start(app({ maxEjectMs: '30s' }))]
    const tell = (message: unknown) => one.worker.say({ kind: 'tell', link: 0, to: undefined, message })
    const news = { endpoint: U1, reason: 'x', untilMs: clock.wallTime() + 1e12, steps: 1 }
    for (const junk of [
      null,
      7,
      [null],
      [{ ...news, endpoint: 'http://10.9.9.9' }],
      [{ ...news, untilMs: Number.NaN }],
      [{ ...news, untilMs: clock.wallTime() - 1 }],
      [{ ...news, steps: -1 }],
      [{ ...news, reason: 1 }],
    ])
      tell(junk)
    await clock.advance(0)
    expect(away(two.users())).toEqual([])
    tell([news])
    await clock.advance(0)
    expect(ejected(two.users())[0]).toBe(`${U1} until ${Date.UTC(2026, 0, 1) + 30_000}: worker 1: x`)
  })
})

const UNKNOWN: object & { forMs: '1s' } = Object.assign({ forMs: '1s' } as const, { steps: 2 })

describe('PoolHandle.eject', () => {
  test('refuses what is wrong', async () => {
    const { start } = crowd()
    const { running } = await start(app())
    const users = running.pool('users')
    for (const [id, options, said] of [
      ['http://nobody', { forMs: '1s' }, 'pool.eject: "endpointId" must be'],
      [U1, { forMs: 0 }, 'pool.eject: "forMs" must be'],
      [U1, { forMs: '1s', reason: 'two\nlines' }, 'pool.eject: "reason" must be'],
      [U1, UNKNOWN, 'pool.eject'],
    ] as const)
      expect(() => users.eject(id, options)).toThrow(said)
    await running.reload(proxy().route('/', pool(URLS, { name: 'users' })))
    expect(() => users.eject(U1, { forMs: '1s' })).toThrow('pool.eject: "pool" must be one with eject(...)')
    await running.close()
    expect(() => users.eject(U1, { forMs: '1s' })).toThrow('the pool "users" has ended')
  })

  test('does not make later ejections longer', async () => {
    const { clock, start } = crowd()
    const { running, ask } = await start(app({ maxEjected: 1 }, [U1]))
    const users = running.pool('users')
    users.eject(U1, { forMs: '1s' })
    await clock.advance('1s')
    await ask()
    expect(users.endpoints[0]!.ejected?.untilMs).toBe(Date.UTC(2026, 0, 1) + 11_000)
  })
})

test('limits are shared from before the first exchange, by a reload that brings them, and by endpoints that come', async () => {
  const { clock, all, start } = crowd()
  const limit = () => rateLimit({ limit: 3, per: '1m', key: 'all', whenUnavailable: 'refuse' })
  const limited = () =>
    proxy()
      .use(limit())
      .route('/', pool([U1], { name: 'users' }))
  const each = () =>
    proxy().route(
      '/',
      pool([U1], { name: 'users' }).useEach(() => limit()),
    )
  const [one, two] = [await start(limited()), await start(limited())]
  const asked: number[] = []
  for (const { ask } of [one, two, one, two, one]) asked.push(await ask())
  expect(asked).toEqual([502, 502, 502, 429, 429])
  const links = all.states.links
  for (const { running } of [one, two]) await running.reload(limited())
  expect([await one.ask(), await two.ask(), all.states.links]).toEqual([429, 429, links])
  for (const { running } of [one, two]) await running.reload(each())
  await clock.advance(0)
  expect(all.states.links).toBe(links)
  for (const { users } of [one, two]) users().update([U1, U2])
  await clock.advance(0)
  expect(all.states.links).toBe(links + 2)
  for (const { users } of [one, two]) users().update([U2])
  await clock.advance(0)
  expect(all.states.links).toBe(links)
  for (const { running } of [one, two]) await clock.until(running.close())
  await clock.advance(0)
  expect(all.states.links).toBe(0)
})

test('a reload that fails leaves what was shared as it was', async () => {
  const { clock, all, start } = crowd()
  const { running } = await start(app())
  const failing = app().attach({ kind: 'x', start: () => Promise.reject(new Error('no')) })
  await expect(clock.until(running.reload(failing))).rejects.toThrow('no')
  await clock.advance(0)
  expect(all.states.links).toBe(1)
})
