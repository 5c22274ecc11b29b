import type { Handler } from '../../core/handler.ts'
import { LOG_LEVELS, type LogLevel, log } from '../../core/log.ts'
import { respondJson } from '../../core/message.ts'
import { asAsked, readCommand, textMember } from './command.ts'

/** `GET /api/log` */
export const logLevelAnswer: Handler = () => respondJson(200, { level: log.level })

/** `PUT /api/log` */
export const logCommand: Handler = async (exchange) => {
  const level = textMember(await readCommand(exchange, ['level']), 'level') as LogLevel
  const before = log.level
  const told = () =>
    log.info(`admin: ${exchange.client.address} sets the level of the log to ${level}, was ${before}`)
  // Before it, where it would be told no more behind it.
  const isLess = LOG_LEVELS.includes(level) && LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(before)
  if (isLess) told()
  await asAsked(() => {
    log.level = level
  })
  if (!isLess) told()
  return respondJson(200, { level: log.level })
}
