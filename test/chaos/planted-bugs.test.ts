import { expect, onTestFinished, test } from 'vitest'
import { Deadline } from '../../src/core/clock.ts'
import { ProxyError } from '../../src/core/errors.ts'
import { Exchange, type Outcome } from '../../src/core/exchange.ts'
import { Body, ResponseMessage } from '../../src/index.ts'
import { PooledAttempt } from '../../src/pool/pooled-attempt.ts'
import { Attempt } from '../../src/transport/attempt.ts'
import { Connector } from '../../src/transport/connector.ts'
import { ClientConnection } from '../../src/transport/http1/client-connection.ts'
import { ServerConnection } from '../../src/transport/http1/server-connection.ts'
import { UpstreamBody } from '../../src/transport/http1/upstream-body.ts'
import { type ChaosReport, runChaos } from './run.ts'
import { shortWorld } from './world.ts'

// The chaos test is worth what it finds. Each of these breaks the proxy in one way, in memory, and the short worlds that
// are at peace without it (`chaos.test.ts` runs the same seeds) must tell of it, soon and in words that lead to it.

test('chaos finds a lease that is not released when the client leaves, and names it', async () => {
  for (const end of ['failed', 'ended']) {
    plant(PooledAttempt.prototype, end, (original) => (attempt, args) => {
      const [error] = args
      if (!(error instanceof ProxyError && error.side === 'downstream')) original(attempt, args)
    })
  }
  const { wrong } = await found({ within: 30 })
  const lease = /^in the end: the lease of exchange \d+ on (http:\/\/\w+) is held$/
  const named = wrong.map((it) => lease.exec(it)?.[1]).filter((it) => it !== undefined)
  expect(named.length).toBeGreaterThan(0)
  for (const endpoint of named)
    expect(wrong).toContainEqual(expect.stringMatching(`^in the end: \\d+ leases counted on ${endpoint}$`))
})

test('chaos finds a count of leases that goes down twice', async () => {
  plant(PooledAttempt.prototype, 'ended', (original) => (attempt, args) => {
    original(attempt, args)
    if (args[0] !== undefined) attempt.endpoint.inFlight--
  })
  await expectFound(/-\d+ leases counted on http:\/\/\w+$/, { within: 30 })
})

test('chaos finds a timer that outlives what it was for', async () => {
  plant(Deadline.prototype, 'close', () => () => undefined)
  await expectFound(/^after (close|drain): \d+ timers$/, { within: 30 })
})

test('chaos finds an outcome that is told twice', async () => {
  const listeners = new WeakMap<Exchange, ((outcome: Outcome) => void)[]>()
  plant(Exchange.prototype, 'onComplete', (original) => (exchange, args) => {
    const [listener] = args as Parameters<Exchange['onComplete']>
    listeners.set(exchange, [...(listeners.get(exchange) ?? []), listener])
    original(exchange, args)
  })
  plant(Exchange.prototype, 'complete', (original) => (exchange, args) => {
    const [outcome] = args as Parameters<Exchange['complete']>
    const thrown = original(exchange, args)
    if (outcome.result === 'aborted')
      for (const listener of listeners.get(exchange) ?? []) listener({ ...outcome })
    return thrown
  })
  await expectFound(/^exchange \d+ .*: 2 outcomes of 1 exchange$/, { within: 30 })
})

test('chaos finds a response body that is given to the wrong exchange', async () => {
  const last = new Map<number, Uint8Array>()
  plant(Attempt.prototype, 'succeed', (original) => (attempt, args) => {
    const [response] = args as Parameters<Attempt['succeed']>
    const { bytes } = response.body
    const other = bytes === undefined ? undefined : last.get(bytes.byteLength)
    if (bytes !== undefined) last.set(bytes.byteLength, bytes)
    if (other === undefined) return original(attempt, args)
    const { status, headers, reason } = response
    return original(attempt, [new ResponseMessage(status, headers, Body.from(other), reason)])
  })
  await expectFound(/^exchange \d+ .*: a complete response with wrong content: \d+ of \d+$/, { within: 30 })
})

test('chaos finds read memory that is given back while it is still needed', async () => {
  plant(UpstreamBody.prototype, 'push', (original) => (body, args) => {
    original(body, args)
    return true
  })
  await expectFound(/^exchange \d+ .*: a (complete|truncated) response with wrong content/, { within: 30 })
})

test('chaos finds a connection that is kept after it has broken', async () => {
  plant(Connector.prototype, 'closed', (original) => (connector, args) => {
    const [connection] = args as Parameters<Connector['closed']>
    original(connector, args)
    connector.released(connection)
  })
  await expectFound(/^exchange \d+ .*: ended as "50[24] upstream_\w+", expected /, { within: 30 })
})

test('chaos finds a connection that is never closed', async () => {
  plant(Connector.prototype, 'released', () => () => undefined)
  await expectFound(/^left before the close: .*an idle connection/, { within: 30 })
})

test('chaos finds a request that is sent again though that may do harm', async () => {
  plant(Connector.prototype, 'attemptFailed', (original) => (connector, args) => {
    const [attempt, , again] = args as Parameters<Connector['attemptFailed']>
    if (again === 'never' || attempt.request.body.bytes === undefined) return original(connector, args)
    attempt.needsFreshConnection = true
    return connector.send(attempt)
  })
  await expectFound(/^upstream, exchange \d+: sent 2 times$/, { within: 30 })
})

test('chaos finds a pause that nobody ends', async () => {
  plant(ClientConnection.prototype, 'bodyResumed', () => () => undefined)
  await expectFound(/^client of exchanges [\d,]+: hangs: \d+ of \d+ responses$/, { within: 30 })
})

test('chaos finds a reader that is not waited for', async () => {
  plant(ClientConnection.prototype, 'bodyPaused', () => () => undefined)
  plant(ServerConnection.prototype, 'bodyPaused', () => () => undefined)
  await expectFound(/^\d+ bytes wait on the (client's )?connection to .+, which takes none$/, { within: 100 })
})

test('chaos finds nothing where nothing was planted', async () => {
  plant(Attempt.prototype, 'succeed', (original) => (attempt, args) => original(attempt, args))
  await expect(found({ within: 5 })).rejects.toThrow('nothing was found in the seeds 1 to 5')
})

/** Replaces a method until the test is over. */
function plant<T extends object>(
  prototype: T,
  name: string,
  bug: (original: (self: T, args: unknown[]) => unknown) => (self: T, args: unknown[]) => unknown,
): void {
  const own = Object.getOwnPropertyDescriptor(prototype, name)
  // Where the proxy has changed so that the bug would not be planted, this says so, and not that nothing was found.
  if (typeof own?.value !== 'function')
    throw new Error(`there is no method "${name}" any more to plant a bug in`)
  const method: (...args: unknown[]) => unknown = own.value
  const planted = bug((self, args) => Reflect.apply(method, self, args))
  Object.defineProperty(prototype, name, {
    ...own,
    value(this: T, ...args: unknown[]): unknown {
      return planted(this, args)
    },
  })
  onTestFinished(() => void Object.defineProperty(prototype, name, own))
}

/** The report of the first seed that tells of anything. */
async function found({ within }: { within: number }): Promise<ChaosReport> {
  for (let seed = 1; seed <= within; seed++) {
    const report = await runChaos(shortWorld(seed))
    if (report.wrong.length > 0) return report
  }
  throw new Error(`nothing was found in the seeds 1 to ${within}`)
}

/** One of the first seeds tells of the bug in these words. */
async function expectFound(told: RegExp, { within }: { within: number }): Promise<void> {
  const seen: string[] = []
  for (let seed = 1; seed <= within; seed++) {
    const { wrong } = await runChaos(shortWorld(seed))
    if (wrong.some((it) => told.test(it))) return
    seen.push(...wrong)
  }
  expect.fail(`none of ${within} seeds told of it; they told:\n${seen.slice(0, 20).join('\n')}`)
}
