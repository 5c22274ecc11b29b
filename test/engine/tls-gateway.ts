import { expect, onTestFinished } from 'vitest'
import type { RefusedConnection } from '../../src/core/observer.ts'
import { type LimitOptions, respond, type Target, type TlsListenOptions } from '../../src/index.ts'
import { virtualClock } from '../../src/testing/index.ts'
import { gateway } from './support.ts'

/** Never asked. */
const NOBODY = 'http://127.0.0.1:9'

/**
 * A proxy with TLS of which it is noted what it refuses, on a clock that the test moves. When the test is over, no timer may
 * be left.
 */
export async function refusing(
  tls: TlsListenOptions,
  limits: LimitOptions = {},
  target: Target = () => respond(200, 'ok'),
) {
  const refused: RefusedConnection[] = []
  const clock = virtualClock()
  const waiting = new Set<() => void>()
  const observer = {
    connectionRefused: (one: RefusedConnection) => {
      refused.push(one)
      for (const resolve of waiting) resolve()
    },
  }
  onTestFinished(() => expect(clock.pending, 'timers left').toBe(0))
  const start = { signals: false, surroundings: { clock, observer } }
  const app = await gateway(NOBODY, { tls, limits, target, start })
  return {
    app,
    clock,
    refused,
    /** Gives why, when so many were refused. */
    refusals: async (count: number) => {
      while (refused.length < count) await new Promise<void>((resolve) => waiting.add(resolve))
      return refused.map(({ reason }) => reason)
    },
    /** Ends when so many clients are connected. */
    connected: async (count: number) => {
      while (app.running.connections !== count) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}
