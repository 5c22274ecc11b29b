import { type DrainOptions, proxy, type RunningProxy, readiness, type StartOptions } from 'gatewright'
import { memoryNetwork, type RawClient, rawClient, virtualClock } from 'gatewright/testing'
import { expect, onTestFinished, test, vi } from 'vitest'

/** A proxy that is started to heed signals, and the signals that only it hears. */
async function started(signals: StartOptions['signals']) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const before = new Set(process.listeners('SIGTERM'))
  const others = process.listenerCount('SIGINT')
  const running = await proxy()
    .listen(80)
    .route('/ready', readiness())
    .route('/endless', () => new Promise(() => {}))
    .start({ ...(signals === undefined ? {} : { signals }), surroundings: { clock, network } })
  onTestFinished(() => running.close())
  const [listener, ...more] = process.listeners('SIGTERM').filter((it) => !before.has(it))
  expect([more, process.listenerCount('SIGINT')]).toEqual([[], listener === undefined ? others : others + 1])
  const lines: string[] = []
  const report = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
  onTestFinished(() => report.mockRestore())
  return {
    clock,
    running,
    lines,
    signal: (name: NodeJS.Signals) => listener!(name),
    connect: (): Promise<RawClient> => clock.until(rawClient(network, { host: '127.0.0.1', port: 80 })),
    left: () => process.listeners('SIGTERM').filter((it) => !before.has(it)).length,
  }
}

async function isClosed({ closed }: RunningProxy): Promise<boolean> {
  return Promise.race([
    closed.then(() => true),
    new Promise<false>((resolve) => setImmediate(() => resolve(false))),
  ])
}

test.each<DrainOptions>([
  { noticeMs: '5s', limitMs: '20s' },
  { noticeMs: 5_000, limitMs: 20_000, tunnelMs: 0 },
])('a signal drains with the options of start: %j', async (options) => {
  const it = await started(options)
  const client = await it.connect()
  await client.send('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n')
  it.signal('SIGTERM')
  expect(it.running.ready).toBe(false)
  expect(it.lines).toEqual(['gatewright: SIGTERM: draining; a second signal closes at once'])
  await it.clock.advance(4_999)
  await (await it.connect()).close()
  await it.clock.advance(1)
  await expect(it.connect()).rejects.toThrow('ECONNREFUSED')
  await it.clock.advance(19_999)
  expect(await isClosed(it.running)).toBe(false)
  await it.clock.advance(1)
  expect(await isClosed(it.running)).toBe(true)
  expect(it.left()).toBe(0)
})

test('a second signal closes at once, also in the notice', async () => {
  const it = await started({ noticeMs: '1h', limitMs: '1h' })
  const client = await it.connect()
  it.signal('SIGINT')
  expect(it.lines).toEqual(['gatewright: SIGINT: draining; a second signal closes at once'])
  it.signal('SIGTERM')
  await it.running.closed
  await client.close()
  expect([it.lines.length, it.left(), it.clock.pending]).toEqual([1, 0, 0])
})

test.each([true, undefined])(
  'signals are heeded by default (%s), and nothing is said where nothing is to be waited for',
  async (signals) => {
    const it = await started(signals)
    it.signal('SIGTERM')
    await it.running.closed
    expect([it.lines, it.left()]).toEqual([[], 0])
  },
)

test('signals that are not to be heeded are not', async () => {
  const it = await started(false)
  expect(it.left()).toBe(0)
})

test.each<[unknown, string]>([
  ['yes', 'start: "signals" must be true, false or options of a drain, got "yes"'],
  [null, 'start: "signals" must be true, false or options of a drain, got null'],
  [{ noticeMS: 1 }, 'did you mean "noticeMs"?'],
  [{ limitMs: 'long' }, 'start.signals: "limitMs" must be a duration'],
])('start refuses signals of %j, and opens nothing', async (signals, message) => {
  const network = memoryNetwork()
  const starting = proxy()
    .listen(80)
    .route('/ready', readiness())
    .start({ signals: signals as never, surroundings: { network } })
  await expect(starting).rejects.toMatchObject({
    code: 'ERR_OPTION_INVALID',
    message: expect.stringContaining(message),
  })
  expect(network.listeners).toBe(0)
})
