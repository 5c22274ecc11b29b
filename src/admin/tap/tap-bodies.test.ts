import { describe, expect, it } from 'vitest'
import { respond } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'
import { compress } from '../../filters/compress.ts'
import { pool } from '../../pool/pool.ts'
import { proxy } from '../../proxy/proxy.ts'
import { type Simulation, simulate } from '../../testing/index.ts'
import type { TappedExchange } from '../api.ts'
import { Tap } from './tap.ts'

/** A proxy with a tap that is one of its routes, and shows bodies. */
function tapped() {
  let tap: Tap | undefined
  const observer: Observer = {
    exchangeBegan: (exchange) => tap?.observer.exchangeBegan?.(exchange),
    exchangeAnswered: (exchange, response) => tap?.observer.exchangeAnswered?.(exchange, response),
    exchangeEnded: (exchange, outcome) => tap?.observer.exchangeEnded?.(exchange, outcome),
  }
  return proxy()
    .attach({
      kind: 'test',
      observer,
      start: ({ clock }) => {
        tap = new Tap(clock)
      },
    })
    .route('/tap', (exchange) => tap!.open(exchange, true))
    .route('/closed-tap', (exchange) => tap!.open(exchange))
    .route('/bytes', () => respond(200, Buffer.from([0xff, 0xfe, 1])))
    .route('/umlaut', () => respond(200, 'aä'))
    .route('/packed', compress({ minBytes: 1 }), pool(['http://users']))
    .route('/', pool(['http://users']).retry())
}

/** Opens a tap, has something done, and gives what the tap has shown. */
async function shownOf(
  sim: Simulation,
  parameters: string,
  act: () => Promise<unknown>,
): Promise<TappedExchange[]> {
  const raw = await sim.connect()
  await raw.send(`GET /tap?where=path+!%3D+'/tap'&${parameters} HTTP/1.0\r\nHost: a.test\r\n\r\n`)
  await sim.settle()
  await act()
  await sim.settle()
  const data = raw.unread
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('data: '))
  await raw.reset()
  await sim.settle()
  return data.map((line) => JSON.parse(line.slice('data: '.length)) as TappedExchange)
}

describe('Tap.open with bodies', () => {
  it('shows the begin of both bodies, and passes on all of them', async () => {
    await using sim = simulate(tapped())
    sim.upstream('http://users').reply((request) => ({ body: `echo ${request.body.toString()}` }))
    const long = 'x'.repeat(100_000)
    const answers: string[] = []
    const shown = await shownOf(sim, 'bodies=8', async () => {
      answers.push((await sim.post('/a', { body: 'hello' })).text())
      answers.push((await sim.post('/b', { body: long })).text())
    })
    expect(answers).toEqual(['echo hello', `echo ${long}`])
    expect(shown.map(({ requestBody, responseBody }) => [requestBody, responseBody])).toEqual([
      [
        { bytes: 5, cut: false, text: 'hello' },
        { bytes: 10, cut: true, text: 'echo hel' },
      ],
      [
        { bytes: 100_000, cut: true, text: 'xxxxxxxx' },
        { bytes: 100_005, cut: true, text: 'echo xxx' },
      ],
    ])
  })

  it('shows what is no text in base64, and no half of a character', async () => {
    await using sim = simulate(tapped())
    const shown = await shownOf(sim, 'bodies=2', async () => {
      await sim.get('/bytes')
      await sim.get('/umlaut')
    })
    expect(shown.map(({ responseBody }) => responseBody)).toEqual([
      { bytes: 3, cut: true, base64: '//4=' },
      { bytes: 3, cut: true, text: 'a' },
    ])
  })

  it('shows a response as the client gets it, behind transforms', async () => {
    await using sim = simulate(tapped())
    sim.upstream('http://users').reply({ body: 'y'.repeat(1_000), headers: { 'Content-Type': 'text/plain' } })
    const [shown] = await shownOf(sim, 'bodies=2', () =>
      sim.get('/packed', { headers: { 'Accept-Encoding': 'gzip' } }),
    )
    expect(Buffer.from(shown!.responseBody!.base64!, 'base64')).toEqual(Buffer.from([0x1f, 0x8b]))
  })

  it('shows no body of an answer that has none on its way', async () => {
    await using sim = simulate(tapped())
    const [shown] = await shownOf(sim, 'bodies=8', () => sim.request({ method: 'HEAD', url: '/umlaut' }))
    expect(shown).not.toHaveProperty('responseBody')
    expect(shown).not.toHaveProperty('requestBody')
  })

  it('shows fields of the response without credentials', async () => {
    await using sim = simulate(tapped())
    sim
      .upstream('http://users')
      .reply({ body: 'ok', headers: { 'Set-Cookie': 'session=s3cr3t', 'X-Of': 'users' } })
    const [shown] = await shownOf(sim, 'headers=true', () => sim.get('/a'))
    expect(shown!.responseHeaders).toContainEqual(['X-Of', 'users'])
    expect(shown!.responseHeaders).toContainEqual(['Set-Cookie', '***'])
    expect(shown).not.toHaveProperty('responseBody')
  })

  it('keeps no more of all exchanges than the budget, and gives it back', async () => {
    await using sim = simulate(tapped())
    sim.upstream('http://users').reply({ body: 'z'.repeat(70_000) })
    const shown = await shownOf(sim, 'bodies=65536&rate=500', async () => {
      const all = Array.from({ length: 300 }, (_, i) => sim.get(`/${i}`))
      await Promise.all(all)
    })
    expect(shown.length).toBeGreaterThan(0)
    const [again] = await shownOf(sim, 'bodies=4', () => sim.get('/a'))
    expect(again!.responseBody).toEqual({ bytes: 70_000, cut: true, text: 'zzzz' })
  })

  it.each(['bodies=0', 'bodies=65537', 'bodies=all', 'bodies=1&bodies=2'])('refuses %s', async (query) => {
    await using sim = simulate(tapped())
    expect((await sim.get(`/tap?${query}`)).status).toBe(400)
  })

  it('refuses where bodies are not to be seen', async () => {
    await using sim = simulate(tapped())
    const answer = await sim.get('/closed-tap?bodies=10')
    expect([answer.status, answer.text()]).toEqual([403, expect.stringContaining('tapBodies')])
  })
})
