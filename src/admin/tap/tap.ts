import type { Clock } from '../../core/clock.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type ResponseMessage, respond } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'

export class Tap {
  readonly observer: Observer = {}

  constructor(_clock: Clock) {}

  open(_exchange: Exchange): ResponseMessage {
    return respond(501)
  }
}
