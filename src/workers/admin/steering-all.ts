import { Refusal } from '../../admin/problem-answer.ts'
import type { Handler } from '../../core/handler.ts'
import { type ResponseMessage, respondJson } from '../../core/message.ts'
import type { WorkerView } from '../worker-group.ts'
import type { WorkerCalls } from './worker-calls.ts'

/** A purge may have to wait for a store. The dashboard gives a command 10 s. */
const LIMIT_MS = 8_000
const MAX_BYTES = 1_048_576

interface Done {
  readonly worker: WorkerView
  /** `undefined`: there was no answer. */
  readonly status: number | undefined
  readonly said: unknown
}

/**
 * Has all workers do the same. Where all have done it, `merged` makes one answer of theirs; where all have refused it alike, so
 * does this one; else the answer is 502, and tells of each: those that have done it are not told to undo it.
 */
export function commandForAll(calls: WorkerCalls, merged: (answers: readonly unknown[]) => unknown): Handler {
  return async (exchange) => {
    const { method, path, body } = exchange.request
    const question = { method, target: path, json: await body.buffer({ maxBytes: '64kb' }) }
    const answers = await calls.askAll(exchange, question, { timeoutMs: LIMIT_MS }, said)
    if (answers.length === 0) throw new Refusal(503, 'Service unavailable', 'no worker serves')
    const all = answers.map(({ worker, answered }): Done => {
      if (answered.status === 'fulfilled') return { worker, ...answered.value }
      return { worker, status: undefined, said: undefined }
    })
    const statuses = new Set(all.map(({ status }) => status))
    const [status] = statuses
    if (statuses.size > 1 || status === undefined) return partly(all)
    const answer = status === 200 ? merged(all.map((it) => it.said)) : all[0]!.said
    return respondJson(status, answer, status === 200 ? {} : PROBLEM)
  }
}

const PROBLEM = { 'Content-Type': 'application/problem+json' }

function partly(all: readonly Done[]): ResponseMessage {
  const failed = all.filter(({ status }) => status !== 200)
  const told = failed.map((it) => `worker ${it.worker.number} ${reasonOf(it)}`)
  const problem = {
    title: 'Not done by all workers',
    status: 502,
    detail: `${failed.length} of ${all.length} workers have not done it: ${told.join('; ')}`,
    workers: all.map((it) => ({
      number: it.worker.number,
      pid: it.worker.pid,
      done: it.status === 200,
      ...(it.status === 200 ? {} : { reason: reasonOf(it) }),
    })),
  }
  return respondJson(502, problem, PROBLEM)
}

function reasonOf({ status, said: problem }: Done): string {
  if (status === undefined) return 'has not answered in time'
  const isProblem = typeof problem === 'object' && problem !== null && 'detail' in problem
  return isProblem ? String(problem.detail) : `has answered ${status}`
}

async function said({ status, body }: ResponseMessage): Promise<Omit<Done, 'worker'>> {
  return { status, said: await body.json({ maxBytes: MAX_BYTES }) }
}
