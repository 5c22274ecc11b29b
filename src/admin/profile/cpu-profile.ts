import { Session } from 'node:inspector/promises'
import type { Exchange } from '../../core/exchange.ts'
import { log } from '../../core/log.ts'
import { type ResponseMessage, respondJson } from '../../core/message.ts'
import { Refusal } from '../problem-answer.ts'
import { attachment } from './attachment.ts'

const DEFAULT_SECONDS = 5
const MAX_SECONDS = 60

/** Of the whole process: the engine has one profiler. */
let recording = false

/** `POST /api/profile/cpu?seconds=5`: what the process does in that time. Who leaves ends it. */
export async function cpuProfile(exchange: Exchange): Promise<ResponseMessage> {
  const seconds = secondsOf(exchange)
  if (recording) throw new Refusal(409, 'Conflict', 'a profile is being recorded: one at a time')
  recording = true
  log.info(`admin: ${exchange.client.address} takes a profile of the CPU, for ${seconds} s`)
  const session = new Session()
  try {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await pause(exchange, seconds * 1_000)
    const { profile } = await session.post('Profiler.stop')
    return respondJson(200, profile, attachment(exchange, 'cpuprofile'))
  } finally {
    session.disconnect()
    recording = false
  }
}

function secondsOf({ request }: Exchange): number {
  const given = new URLSearchParams(request.query).get('seconds')
  const seconds = given === null ? DEFAULT_SECONDS : Number(given)
  if (given !== '' && Number.isFinite(seconds) && seconds >= 1 && seconds <= MAX_SECONDS) return seconds
  throw new Refusal(400, 'Bad request', `"seconds" must be a number from 1 to ${MAX_SECONDS}`)
}

function pause(exchange: Exchange, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = exchange.clock.setTimeout(resolve, ms)
    exchange.onAbort((reason) => {
      timer.clear()
      reject(reason)
    })
  })
}
