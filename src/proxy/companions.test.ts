import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Companion, withCompanion } from '../core/companion.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import type { Observer } from '../core/observer.ts'
import type { Exposition, ProxyView } from '../core/proxy-view.ts'
import { pool } from '../pool/pool.ts'
import { memoryNetwork, rawClient, virtualClock } from '../testing/index.ts'
import { type ProxyBuilder, proxy, type RoutedProxy } from './proxy.ts'
import { tcp } from './tcp.ts'

/** Notes what becomes of it, under its name. */
class Noting implements Companion {
  readonly kind: string
  readonly observer: Observer
  proxy: ProxyView | undefined
  /** What its start fails with, where it does. */
  refuses: Error | undefined
  readonly #name: string
  readonly #notes: string[]

  constructor(name: string, notes: string[], kind = name) {
    this.kind = kind
    this.#name = name
    this.#notes = notes
    this.observer = {
      exchangeBegan: ({ request }) => this.note(`saw ${request.path}`),
      exchangeEnded: (_, { result }) => this.note(result),
    }
  }

  async start(view: ProxyView, before: Companion | undefined): Promise<void> {
    this.proxy = view
    const after = before instanceof Noting ? ` after ${before.#name}` : ''
    this.note(`starts${after}, ${view.phase}, ${view.listeners.length} listeners`)
    await Promise.resolve()
    if (this.refuses !== undefined) throw this.refuses
  }

  async end(): Promise<void> {
    await Promise.resolve()
    const { phase, listeners } = this.proxy!
    const connections = listeners.reduce((sum, it) => sum + it.connections, 0)
    this.note(`ends, ${phase}, ${connections} connections`)
  }

  note(text: string): void {
    this.#notes.push(`${this.#name} ${text}`)
  }
}

function world() {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const start = async (app: RoutedProxy) => {
    const running = await app
      .listen({ port: 80, host: 'proxy' })
      .start({ signals: false, surroundings: { clock, network } })
    onTestFinished(() => clock.until(running.close()))
    return running
  }
  const ask = async (path: string): Promise<void> => {
    const client = await rawClient(network, 'http://proxy:80')
    await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    await clock.until(client.response())
    await clock.until(client.close())
  }
  return { clock, network, start, ask }
}

const served = (app: ProxyBuilder = proxy()): RoutedProxy => app.route('/', () => respond(200))
/** The same listener, as `world` has it. */
const again = (app: RoutedProxy): RoutedProxy => app.listen({ port: 80, host: 'proxy' })
const filterWith = (companion: Companion): Filter =>
  withCompanion<Filter>((exchange, next) => next(exchange), companion)

describe('Companions', () => {
  it('are refused where two of a kind would show the same figures', async () => {
    const exposition: Exposition = {
      expose: () => ({ contentType: 'text/plain', pieces: (async function* () {})() }),
    }
    const { clock, start } = world()
    const app = (...kinds: string[]) =>
      proxy()
        .attach(...kinds.map((kind) => ({ kind, exposition })))
        .route('/', () => respond(200, 'ok'))
    await expect(start(app('metrics', 'metrics'))).rejects.toThrow(
      'use: "metrics" must be given once in a proxy, since one shows all of it, got 2',
    )
    const running = await start(app('metrics', 'others'))
    await expect(clock.until(running.reload(app('others', 'others')))).rejects.toThrow('"others"')
    expect(running.expositions).toHaveLength(2)
  })

  it('begin before the listeners, see every exchange, and end behind everything else', async () => {
    const notes: string[] = []
    const { clock, start, ask } = world()
    const running = await start(served().attach(new Noting('a', notes), new Noting('b', notes)))
    await ask('/x')
    await clock.until(running.drain('1s'))
    expect(notes).toEqual([
      'a starts, starting, 0 listeners',
      'b starts, starting, 0 listeners',
      'a saw /x',
      'b saw /x',
      'a completed',
      'b completed',
      'a ends, closed, 0 connections',
      'b ends, closed, 0 connections',
    ])
    expect(running.phase).toBe('closed')
  })

  it('see each phase of a drain, and what is cut at its end', async () => {
    const notes: string[] = []
    const { clock, network, start } = world()
    const one = new Noting('a', notes)
    const hanging = proxy()
      .attach(one)
      .route('/', () => new Promise(() => {}))
    const running = await start(hanging)
    const client = await rawClient(network, running.url)
    await client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    await clock.advance(1)
    const drained = running.drain({ noticeMs: '1s', limitMs: '1s' })
    const phases: string[] = [one.proxy!.phase]
    const { ready, reasons } = one.proxy!.readiness
    await clock.advance('1500ms')
    phases.push(one.proxy!.phase)
    await clock.until(drained)
    expect(phases).toEqual(['notice', 'draining'])
    expect([ready, reasons]).toEqual([false, ['draining']])
    expect(notes.slice(1)).toEqual(['a saw /x', 'a failed', 'a ends, closed, 0 connections'])
    await client.close()
  })

  it('are those of attach and those of filters, wherever these stand, each once', async () => {
    const notes: string[] = []
    const { start } = world()
    const twice = new Noting('twice', notes)
    await start(
      proxy()
        .attach(twice, new Noting('attached', notes))
        .use(filterWith(new Noting('proxy', notes)), filterWith(twice))
        .connect(filterWith(new Noting('connect', notes)), { allow: ['example.com:443'] })
        .route('/a', filterWith(new Noting('route', notes)), () => respond(200))
        .group('/g', (g) =>
          g.use(filterWith(new Noting('group', notes))).route('/a', filterWith(twice), () => respond(200)),
        ),
    )
    expect(notes.map((it) => it.split(' ')[0])).toEqual([
      'twice',
      'attached',
      'proxy',
      'connect',
      'route',
      'group',
    ])
  })

  it('of which one cannot begin leave nothing: those before it end, and no listener opens', async () => {
    const notes: string[] = []
    const { clock, network, start } = world()
    const bad = new Noting('bad', notes)
    bad.refuses = new Error('no port')
    const app = proxy()
      .attach(new Noting('a', notes), new Noting('b', notes), bad, new Noting('c', notes))
      .route('/', pool(['http://u1']).health({ path: '/' }))
    await expect(start(app)).rejects.toThrow('no port')
    expect(notes).toEqual([
      'a starts, starting, 0 listeners',
      'b starts, starting, 0 listeners',
      'bad starts, starting, 0 listeners',
      'b ends, starting, 0 connections',
      'a ends, starting, 0 connections',
    ])
    await clock.advance('10s')
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })

  it('end where a listener cannot be opened', async () => {
    const notes: string[] = []
    const { start } = world()
    await start(served())
    await expect(start(served().attach(new Noting('a', notes)))).rejects.toThrow('proxy:80 is in use')
    expect(notes).toEqual(['a starts, starting, 0 listeners', 'a ends, starting, 0 connections'])
  })

  it('that a reload has too go on as they are', async () => {
    const notes: string[] = []
    const { start, ask } = world()
    const one = new Noting('a', notes)
    const running = await start(served().attach(one))
    await running.reload(again(served(proxy().use(filterWith(one)))))
    await ask('/x')
    expect(notes).toEqual(['a starts, starting, 0 listeners', 'a saw /x', 'a completed'])
  })

  it('that a reload brings take the places of those of their kinds, in their order, and the others end', async () => {
    const notes: string[] = []
    const { start, ask } = world()
    const old = [new Noting('a', notes, 'x'), new Noting('b', notes, 'x'), new Noting('c', notes, 'y')]
    const running = await start(served().attach(...old))
    notes.length = 0
    const made = [
      new Noting('A', notes, 'x'),
      new Noting('B', notes, 'x'),
      new Noting('C', notes, 'x'),
      new Noting('D', notes, 'z'),
    ]
    await running.reload(again(served().attach(...made)))
    await ask('/x')
    expect(notes).toEqual([
      'A starts after a, serving, 1 listeners',
      'B starts after b, serving, 1 listeners',
      'C starts, serving, 1 listeners',
      'D starts, serving, 1 listeners',
      'a ends, serving, 0 connections',
      'b ends, serving, 0 connections',
      'c ends, serving, 0 connections',
      ...['A', 'B', 'C', 'D'].map((name) => `${name} saw /x`),
      ...['A', 'B', 'C', 'D'].map((name) => `${name} completed`),
    ])
  })

  it('of which one cannot begin at a reload give the old ones their places back', async () => {
    const notes: string[] = []
    const { start, ask } = world()
    const running = await start(served().attach(new Noting('a', notes, 'x'), new Noting('b', notes, 'y')))
    notes.length = 0
    const bad = new Noting('bad', notes, 'z')
    bad.refuses = new Error('no port')
    const next = served().attach(new Noting('A', notes, 'x'), new Noting('B', notes, 'y'), bad)
    await expect(running.reload(again(next))).rejects.toThrow('no port')
    await ask('/x')
    expect(notes).toEqual([
      'A starts after a, serving, 1 listeners',
      'B starts after b, serving, 1 listeners',
      'bad starts, serving, 1 listeners',
      'b starts after B, serving, 1 listeners',
      'B ends, serving, 0 connections',
      'a starts after A, serving, 1 listeners',
      'A ends, serving, 0 connections',
      'a saw /x',
      'b saw /x',
      'a completed',
      'b completed',
    ])
  })

  it('that fail to begin again or to end are told of, and keep the others from nothing', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => error.mockRestore())
    const notes: string[] = []
    const { clock, start } = world()
    const old = new Noting('a', notes, 'x')
    const wrong = new Error('cannot end')
    const ending: Companion = {
      kind: 'ending',
      end: () => {
        throw wrong
      },
    }
    const running = await start(served().attach(ending, old))
    old.refuses = new Error('cannot go back')
    const bad = new Noting('bad', notes)
    bad.refuses = new Error('no port')
    const next = served().attach(ending, new Noting('A', notes, 'x'), bad)
    await expect(running.reload(again(next))).rejects.toThrow('no port')
    await clock.until(running.close())
    expect(error.mock.calls).toEqual([
      ['gatewright: what goes with the proxy could not begin again', old.refuses],
      ['gatewright: what goes with the proxy could not end', wrong],
    ])
    expect(notes.slice(-2)).toEqual(['A ends, serving, 0 connections', 'a ends, closed, 0 connections'])
  })

  it('of tcp() see each connection', async () => {
    const notes: string[] = []
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const app = tcp()
      .listen({ port: 5432, host: 'proxy' })
      .attach(new Noting('a', notes))
      .to(pool(['tcp://db:5432']))
    const running = await app.start({ signals: false, surroundings: { clock, network } })
    const client = await rawClient(network, 'http://proxy:5432')
    await clock.advance('1s')
    await client.close()
    await clock.until(running.close())
    expect(notes).toEqual([
      'a starts, starting, 0 listeners',
      'a saw /',
      'a failed',
      'a ends, closed, 0 connections',
    ])
  })

  it('tell Prometheus what they have as long as they go with the proxy', async () => {
    const { clock, start } = world()
    const exposition = (): Exposition => ({
      expose: () => ({ contentType: 'text/plain', pieces: [] as never }),
    })
    const [one, two] = [exposition(), exposition()]
    const running = await start(served().attach({ kind: 'a', exposition: one }, { kind: 'b' }))
    expect(running.expositions).toEqual([one])
    await running.reload(again(served().attach({ kind: 'a', exposition: two })))
    expect(running.expositions).toHaveLength(1)
    expect(running.expositions[0]).toBe(two)
    await clock.until(running.close())
    expect(running.expositions).toEqual([])
  })
})

describe('attach', () => {
  it.each([
    ['proxy()', () => proxy()],
    ['tcp()', () => tcp()],
  ])('refuses what goes with no proxy, and what is there already: of %s', (_, app) => {
    for (const wrong of [undefined, null, 'admin', {}, { kind: 7 }])
      expect(() => app().attach(wrong as unknown as Companion)).toThrow(
        'attach: "companion" must be what goes with a proxy, such as admin()',
      )
    const one: Companion = { kind: 'one' }
    const once = 'attach: "companion" must be attached once, got "one"'
    expect(() => app().attach(one, one)).toThrow(once)
    expect(() => app().attach(one).attach(one)).toThrow(once)
    expect(() => app().attach(one, { kind: 'one' })).not.toThrow()
  })
})
