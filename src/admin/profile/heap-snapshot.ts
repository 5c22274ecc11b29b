import { getHeapSnapshot } from 'node:v8'
import type { Exchange } from '../../core/exchange.ts'
import { log } from '../../core/log.ts'
import { type ResponseMessage, respond } from '../../core/message.ts'
import { Refusal } from '../problem-answer.ts'
import { attachment } from './attachment.ts'

let underWay = false

/** `POST /api/profile/heap`: all that is in memory. The process stands still while it is taken. */
export function heapSnapshot(exchange: Exchange): ResponseMessage {
  if (underWay) throw new Refusal(409, 'Conflict', 'a snapshot is being sent: one at a time')
  underWay = true
  exchange.onComplete(() => {
    underWay = false
  })
  log.info(`admin: ${exchange.client.address} takes a snapshot of the heap`)
  return respond(200, getHeapSnapshot(), {
    ...attachment(exchange, 'heapsnapshot'),
    'Content-Type': 'application/octet-stream',
  })
}
