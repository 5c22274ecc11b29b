import { proxy } from 'gatewright'
import { virtualClock } from 'gatewright/testing'
import { expect, onTestFinished, test } from 'vitest'
import { FakeProcess } from '../../test/workers/fake-processes.ts'
import type { LogWriter } from '../core/log.ts'
import { drainSettings } from '../proxy/drain-options.ts'
import type { Described } from '../proxy/running-proxy.ts'
import { SharedPorts } from './ports/shared-ports.ts'
import { Supervisor } from './supervisor.ts'

/** A supervisor of processes that the test plays. */
function supervised(size: number, validate?: () => Promise<Described>) {
  const clock = virtualClock()
  const processes: FakeProcess[] = []
  const lines: string[] = []
  const writer = (message: string) => void lines.push(message)
  const log: LogWriter = { level: 'info', error: writer, warn: writer, info: () => {}, debug: () => {} }
  let alive = 0
  let followed = 0
  const supervisor = new Supervisor(size, {
    makeProcess: (number) => {
      const made = new FakeProcess(number, 100 + processes.length)
      processes.push(made)
      return made
    },
    ports: new SharedPorts({
      addressOf: () => Promise.reject(new Error('nobody listens here')),
      bindSocket: () => undefined,
    }),
    clock,
    random: () => 0,
    log,
    drain: drainSettings('test', { limitMs: '10s', noticeMs: '2s' }),
    validate,
    follow: async () => {
      followed++
    },
    stayAlive: () => {
      alive++
      return () => alive--
    },
  })
  onTestFinished(() => {
    for (const it of processes) it.kill()
  })
  const settle = () => clock.advance(0)
  return { clock, processes, lines, supervisor, settle, alive: () => alive, followed: () => followed }
}

/** The same, when all serve. */
async function serving(size: number, validate?: () => Promise<Described>) {
  const it = supervised(size, validate)
  const started = it.supervisor.start()
  for (let i = 0; i < size; i++) {
    await it.settle()
    it.processes[i]!.serve()
  }
  await started
  return it
}

/** How long it takes until another process is made. */
async function untilNext({ clock, processes, settle }: ReturnType<typeof supervised>): Promise<number> {
  const [from, count] = [clock.now(), processes.length]
  await settle()
  while (processes.length === count) await clock.advance(clock.nextInMs!)
  return clock.now() - from
}

test('Supervisor starts the first worker alone, then the others at once', async () => {
  const it = supervised(3)
  const started = it.supervisor.start()
  await it.settle()
  expect(it.processes.map(({ number }) => number)).toEqual([1])
  it.processes[0]!.serve()
  await it.settle()
  expect(it.processes.map(({ number }) => number)).toEqual([1, 2, 3])
  expect(it.supervisor.workers.map(({ phase }) => phase)).toEqual(['serving', 'starting', 'starting'])
  it.processes[2]!.serve()
  it.processes[1]!.serve()
  await started
  expect([it.supervisor.url, it.supervisor.size]).toEqual(['http://127.0.0.1:8080', 3])
})

test('Supervisor rejects with what kept the first worker from starting, and starts no other', async () => {
  const it = supervised(2)
  const started = it.supervisor.start()
  const error = { message: '127.0.0.1:80 is in use', code: 'EADDRINUSE', stack: undefined }
  it.processes[0]!.report({ kind: 'failed', error })
  await expect(started).rejects.toMatchObject({ name: 'StartError', ...error, stack: expect.any(String) })
  await it.supervisor.closed
  await it.clock.advance('1m')
  expect([it.processes.length, it.processes[0]!.alive, it.alive(), it.clock.pending]).toEqual([
    1,
    false,
    0,
    0,
  ])
})

test('Supervisor rejects where a later worker ends before it serves, and ends those that do', async () => {
  const it = supervised(2)
  const started = it.supervisor.start()
  it.processes[0]!.serve()
  await it.settle()
  it.processes[1]!.exit(7)
  const rejected = expect(started).rejects.toThrow(
    'worker 2 (process 101) ended with exit code 7 before it served',
  )
  await it.settle()
  expect(it.processes[0]!.orders).toEqual([{ kind: 'close' }])
  it.processes[0]!.exit(0)
  await rejected
})

test('Supervisor replaces a worker that has served and ends while others start', async () => {
  const it = supervised(2)
  const started = it.supervisor.start()
  it.processes[0]!.serve()
  await it.settle()
  it.processes[0]!.exit(1)
  it.processes[1]!.serve()
  await started
  await it.clock.advance(1)
  expect(it.processes.map(({ number }) => number)).toEqual([1, 2, 1])
})

test('Supervisor replaces a worker that ends: at once, then later each time, and leaves the others alone', async () => {
  const it = await serving(2)
  const waits: number[] = []
  for (let i = 0; i < 8; i++) {
    it.processes.at(-1)!.exit(null, 'SIGSEGV')
    waits.push(await untilNext(it))
    it.processes.at(-1)!.serve()
  }
  expect(waits).toEqual([1, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  expect(it.lines.slice(0, 2)).toEqual([
    'worker 2 (process 101) ended with SIGSEGV; another one is started now',
    'worker 2 (process 102) ended with SIGSEGV; another one is started in 1.0 s',
  ])
  expect(it.supervisor.workers.map(({ pid, restarts, phase }) => [pid, restarts, phase])).toEqual([
    [100, 0, 'serving'],
    [109, 8, 'serving'],
  ])
  expect(it.processes[0]!.orders).toEqual([])
})

test('Supervisor starts the place of a worker that had served for a minute at once again', async () => {
  const it = await serving(1)
  for (const [servedMs, waitMs] of [
    [0, 1],
    [59_999, 1_000],
    [60_000, 1],
  ] as const) {
    await it.clock.advance(servedMs)
    it.processes.at(-1)!.exit(1)
    expect(await untilNext(it)).toBe(waitMs)
    it.processes.at(-1)!.serve()
  }
})

test('Supervisor goes on with workers that fail to come back', async () => {
  const it = await serving(2)
  it.processes[1]!.exit(1)
  await it.clock.advance(1)
  const error = { message: 'no such file', code: undefined, stack: undefined }
  it.processes[2]!.report({ kind: 'failed', error })
  it.processes[2]!.exit(1)
  await it.settle()
  expect(it.lines.at(-1)).toBe(
    'worker 2 (process 102) could not start: no such file; another one is started in 1.0 s',
  )
  await it.clock.advance('1s')
  expect(it.processes).toHaveLength(4)
})

test('Supervisor drains all, and kills what has not ended five seconds after the limit', async () => {
  const it = await serving(2)
  const drained = it.supervisor.drain({ noticeMs: '1s', limitMs: '4s' })
  const order = { kind: 'drain', settings: { noticeMs: 1_000, limitMs: 4_000, tunnelMs: 4_000 } }
  expect(it.processes.map(({ orders }) => orders)).toEqual([[order], [order]])
  it.processes[0]!.exit(0)
  await it.clock.advance(9_999)
  expect([it.processes[1]!.alive, it.supervisor.overran]).toEqual([true, false])
  await it.clock.advance(1)
  await drained
  expect([it.processes[1]!.alive, it.supervisor.overran]).toEqual([false, true])
  expect([it.processes.length, it.alive(), it.clock.pending]).toEqual([2, 0, 0])
  expect(it.lines).toEqual(['worker 2 (process 101) did not end, and was killed'])
})

test('Supervisor kills a worker that takes no messages any more, and replaces it', async () => {
  const it = await serving(1)
  void it.processes[0]!.channel.end()
  await it.clock.advance(4_999)
  expect(it.processes[0]!.alive).toBe(true)
  await it.clock.advance(2)
  expect([it.processes[0]!.alive, it.processes.length, it.supervisor.overran]).toEqual([false, 2, false])
})

test('Supervisor kills a worker that answers nothing for a minute, and replaces it', async () => {
  const it = await serving(2)
  await it.clock.advance('1h')
  it.processes[1]!.hangs = true
  await it.clock.advance(79_999)
  expect(it.processes[1]!.alive).toBe(true)
  await it.clock.advance(2)
  expect(it.processes.map(({ alive }) => alive)).toEqual([true, false, true])
  expect(it.lines).toEqual([
    'worker 2 (process 101) has answered nothing for 60 s, and was killed; another one is started now',
  ])
  it.processes[2]!.hangs = true
  it.processes[2]!.serve()
  await it.clock.advance('40s')
  it.processes[2]!.report({ kind: 'alive' })
  it.processes[2]!.hangs = false
  await it.clock.advance('1h')
  expect(it.processes).toHaveLength(3)
})

test('Supervisor closes at once, also in a drain without a limit', async () => {
  const it = await serving(1)
  const drained = it.supervisor.drain({ limitMs: Number.POSITIVE_INFINITY })
  await it.clock.advance('1h')
  const closed = it.supervisor.close()
  expect(it.processes[0]!.orders.at(-1)).toEqual({ kind: 'close' })
  await it.clock.advance('5s')
  await Promise.all([drained, closed])
  expect(() => it.supervisor.url).toThrow('the workers have ended')
})

test('Supervisor starts nothing any more from the moment of a drain on', async () => {
  const it = await serving(2)
  it.processes[0]!.exit(1)
  await it.settle()
  const drained = it.supervisor.drain()
  it.processes[1]!.exit(0)
  await drained
  await it.clock.advance('1m')
  expect(it.processes).toHaveLength(2)
  await expect(it.supervisor.roll()).rejects.toThrow('the workers are ended')
})

test('Supervisor.roll replaces one after the other, and each drains when another serves in its place', async () => {
  const it = await serving(2)
  const rolled = it.supervisor.roll()
  await it.settle()
  expect(it.processes.map(({ number }) => number)).toEqual([1, 2, 1])
  expect(it.processes[0]!.orders).toEqual([])
  it.processes[2]!.serve()
  await it.settle()
  const order = { kind: 'drain', settings: { noticeMs: 0, limitMs: 10_000, tunnelMs: 10_000 } }
  expect(it.processes.map(({ orders }) => orders)).toEqual([[order], [], [], []])
  it.processes[3]!.serve()
  await rolled
  expect(it.supervisor.workers.map(({ pid, phase }) => [pid, phase])).toEqual([
    [102, 'serving'],
    [100, 'draining'],
    [103, 'serving'],
    [101, 'draining'],
  ])
  it.processes[0]!.exit(0)
  it.processes[1]!.exit(0)
  await it.clock.advance('1m')
  expect([it.processes.length, it.lines]).toEqual([4, []])
})

test('Supervisor.roll stops at a worker that does not start, and the others go on', async () => {
  const it = await serving(2)
  const rolled = it.supervisor.roll()
  await it.settle()
  it.processes[2]!.exit(1)
  await expect(rolled).rejects.toThrow(
    'worker 1 could not be replaced, and the workers go on: worker 1 (process 102) ended with exit code 1 before it served',
  )
  expect(it.processes.map(({ orders }) => orders)).toEqual([[], [], []])
  expect(it.supervisor.workers.map(({ phase }) => phase)).toEqual(['serving', 'serving'])
})

test('Supervisor.roll does not lose sight of one that could not start and has not ended yet', async () => {
  const it = await serving(1)
  const error = { message: 'no such file', code: undefined, stack: undefined }
  for (const made of [1, 2]) {
    const rolled = it.supervisor.roll()
    await it.settle()
    it.processes[made]!.report({ kind: 'failed', error })
    await expect(rolled).rejects.toThrow('worker 1 could not be replaced, and the workers go on: no such file')
  }
  expect(it.supervisor.workers.map(({ pid }) => pid)).toEqual([100, 101, 102])
  const closed = it.supervisor.close()
  it.processes[0]!.exit(0)
  await closed
  expect(it.processes.map(({ alive }) => alive)).toEqual([false, false, false])
})

test('Supervisor.roll has the new worker take the place of one that ends meanwhile', async () => {
  const it = await serving(1)
  const rolled = it.supervisor.roll()
  await it.settle()
  it.processes[0]!.exit(1)
  await it.clock.advance('1m')
  it.processes[1]!.serve()
  await rolled
  expect([it.processes.length, it.supervisor.workers.map(({ pid }) => pid)]).toEqual([2, [101]])
})

test('Supervisor.roll closes the oldest of three that drain in one place', async () => {
  const it = await serving(1)
  for (let i = 1; i <= 3; i++) {
    const rolled = it.supervisor.roll()
    await it.settle()
    it.processes[i]!.serve()
    await rolled
  }
  expect(it.processes.map(({ orders }) => orders.map(({ kind }) => kind))).toEqual([
    ['drain', 'close'],
    ['drain'],
    ['drain'],
    [],
  ])
})

test('Supervisor.reload asks no worker where the description cannot be read', async () => {
  const it = await serving(2, () => Promise.reject(new Error('line 3')))
  await expect(it.supervisor.reload()).rejects.toThrow('line 3')
  expect(it.processes.map(({ orders }) => orders)).toEqual([[], []])
})

test('Supervisor.reload asks the others when the first has taken it', async () => {
  const it = await serving(3, () => Promise.resolve(proxy()))
  const reloaded = it.supervisor.reload()
  await it.settle()
  expect(it.processes.map(({ orders }) => orders)).toEqual([[{ kind: 'reload', id: 1 }], [], []])
  it.processes[0]!.reloaded(1)
  await it.settle()
  it.processes[1]!.reloaded(1, 'EADDRINUSE')
  it.processes[2]!.reloaded(1)
  await expect(reloaded).rejects.toThrow('worker 2 goes on as before: EADDRINUSE')
})

test.each([
  ['refuses it', (one: FakeProcess) => one.reloaded(1, 'no'), 'no'],
  ['ends', (one: FakeProcess) => one.exit(1), 'it has ended'],
  ['does not answer', () => {}, 'no answer within 60 s'],
])('Supervisor.reload leaves the others alone where the first one %s', async (_, then, why) => {
  const it = await serving(2, () => Promise.resolve(proxy()))
  const reloaded = it.supervisor.reload()
  await it.settle()
  then(it.processes[0]!)
  await expect(it.clock.until(reloaded)).rejects.toThrow(`worker 1 goes on as before: ${why}`)
  expect(it.processes[1]!.orders).toEqual([])
})

test('Supervisor.reload makes one of those that are asked for while another goes on', async () => {
  let reads = 0
  const read = Promise.withResolvers<Described>()
  const it = await serving(1, () => {
    reads++
    return read.promise
  })
  const first = it.supervisor.reload()
  await it.settle()
  const others = [it.supervisor.reload(), it.supervisor.reload()]
  expect(others[0]).toBe(others[1])
  read.resolve(proxy())
  await it.settle()
  it.processes[0]!.reloaded(1)
  await first
  await it.settle()
  it.processes[0]!.reloaded(2)
  await Promise.all(others)
  expect([reads, it.supervisor.url]).toEqual([2, 'http://127.0.0.1:8082'])
})

test('Supervisor tells what becomes of workers', async () => {
  const it = supervised(1)
  const news: string[] = []
  it.supervisor.onChange(({ pid }, now) => news.push(`${pid} ${now}`))
  it.supervisor.onChange(() => {
    throw new Error('not mine')
  })
  const started = it.supervisor.start()
  it.processes[0]!.serve()
  await started
  it.processes[0]!.exit(1)
  await it.clock.advance(1)
  it.processes[1]!.serve()
  const drained = it.supervisor.drain()
  it.processes[1]!.exit(0)
  await drained
  expect(news).toEqual([
    '100 starting',
    '100 serving',
    '100 gone',
    '101 starting',
    '101 serving',
    '101 draining',
    '101 gone',
  ])
})

test('Supervisor.reload has what goes with it here follow when all workers have, and else not', async () => {
  const it = await serving(2, () => Promise.resolve(proxy()))
  const refused = it.supervisor.reload()
  await it.settle()
  it.processes[0]!.reloaded(1, 'no')
  await expect(refused).rejects.toThrow('no')
  expect(it.followed()).toBe(0)
  const reloaded = it.supervisor.reload()
  await it.settle()
  it.processes[0]!.reloaded(2)
  await it.settle()
  expect(it.followed()).toBe(0)
  it.processes[1]!.reloaded(1)
  await reloaded
  expect(it.followed()).toBe(1)
})
