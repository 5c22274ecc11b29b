import type { ConnectionHost, Turn } from './connection-host.ts'
import { checkedReply, type FakeAnswer, type FakeReply } from './fake-reply.ts'
import type { ReceivedRequest } from './fake-request.ts'
import { isInPlace } from './upstream-faults.ts'
import { nextAnswer } from './upstream-routes.ts'
import type { Work } from './upstream-service.ts'

/** @internal What the time that a service takes over an answer needs of its connection. */
export interface TurnPlace {
  readonly host: ConnectionHost
  /** Whether anyone still wants the answer. */
  mayWrite(): boolean
  sleep(ms: number): Promise<void>
  /** The request has a place at a worker or in the queue, or none any more. */
  works(work: Work | undefined): void
}

/**
 * @internal The reply to a request, when the service has taken its time over it. `over`: nobody wants it any more. The reply is
 * missing where a fault takes its place.
 */
export async function replyInTime(
  place: TurnPlace,
  { request, answers, faults }: Turn,
  made: FakeReply | Promise<FakeReply> | undefined,
): Promise<{ readonly reply: FakeReply | undefined } | 'over'> {
  const { host } = place
  let given = made
  if (given === undefined) {
    const work = host.service.work()
    if (work === 'full') given = host.service.whenFull
    else if (work !== undefined) {
      place.works(work)
      await work.done
      place.works(undefined)
      if (!place.mayWrite()) return 'over'
    }
    if (!isInPlace(faults?.end)) given ??= madeReply(host, request, nextAnswer(answers))
  }
  const reply = await given
  const ms = (reply?.delayMs ?? 0) + host.service.latencyMs() + (faults?.latencyMs ?? 0)
  if (ms > 0) await place.sleep(ms)
  return { reply }
}

/** @internal What the test answers. That it throws is noted, and answered with 500. */
export function madeReply(
  host: ConnectionHost,
  request: ReceivedRequest,
  answer: FakeAnswer,
): FakeReply | Promise<FakeReply> {
  if (typeof answer !== 'function') return answer
  const failed = (error: unknown): FakeReply => {
    host.onError(error)
    return { status: 500, body: `the test's answer threw: ${String(error)}` }
  }
  try {
    const made = answer(request)
    const checked = (reply: FakeReply): FakeReply => checkedReply('fakeUpstream', reply)
    return made instanceof Promise ? made.then(checked).catch(failed) : checked(made)
  } catch (error) {
    return failed(error)
  }
}

/** @internal Resolves when nothing holds the service back, or nobody is there any more. */
export async function running(host: ConnectionHost, closed: () => boolean): Promise<void> {
  while (host.paused && !closed()) await host.resumed()
}
