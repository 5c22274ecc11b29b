import type { ConfigurationControl } from '../../core/configuration-control.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import { log } from '../../core/log.ts'
import { respondJson } from '../../core/message.ts'
import { Refusal } from '../problem-answer.ts'
import { readCommand } from './command.ts'

/** `GET /api/configuration` */
export function configurationAnswer(control: ConfigurationControl | undefined): Handler {
  return () => respondJson(200, present(control).status)
}

/** `POST /api/configuration/reload`: answers when what the files say is served, or why it is not. */
export function reloadCommand(given: ConfigurationControl | undefined): Handler {
  return async (exchange: Exchange) => {
    if (exchange.request.body.length !== 0) await readCommand(exchange, [])
    const control = present(given)
    log.info(`admin: ${exchange.client.address} has the configuration read again`)
    try {
      await control.reload()
    } catch (error) {
      throw asRefusal(error)
    }
    return respondJson(200, control.status)
  }
}

/** @throws `Refusal` 404 where the proxy was made of no files. */
function present(control: ConfigurationControl | undefined): ConfigurationControl {
  if (control !== undefined) return control
  throw new Refusal(
    404,
    'Not found',
    'this proxy was made by code, and not of a configuration that can be read again',
  )
}

/** What the files say is whoever wrote them to mend; anything else may go away by itself. */
function asRefusal(error: unknown): Refusal {
  const { message, code } = error as NodeJS.ErrnoException
  return code === 'ERR_CONFIG_INVALID'
    ? new Refusal(422, 'Unprocessable content', message)
    : new Refusal(409, 'Conflict', message)
}
