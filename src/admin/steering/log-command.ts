import type { Handler } from '../../core/handler.ts'
import { type LogLevel, log } from '../../core/log.ts'
import { respondJson } from '../../core/message.ts'
import { asAsked, readCommand, textMember } from './command.ts'

/** `GET /api/log` */
export const logLevelAnswer: Handler = () => respondJson(200, { level: log.level })

/** `PUT /api/log` */
export const logCommand: Handler = async (exchange) => {
  const level = textMember(await readCommand(exchange, ['level']), 'level')
  const before = log.level
  await asAsked(() => {
    log.level = level as LogLevel
  })
  log.info(`admin: ${exchange.client.address} sets the level of the log to ${level}, was ${before}`)
  return respondJson(200, { level: log.level })
}
