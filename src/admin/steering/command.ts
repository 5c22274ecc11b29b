import type { Exchange } from '../../core/exchange.ts'
import { OptionError } from '../../core/options.ts'
import { Refusal } from '../problem-answer.ts'

/** What a request that changes something says, member by member. */
export type Command = Readonly<Record<string, unknown>>

const MAX_BYTES = '64kb'
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a command: an object of JSON with members that are known.
 * @throws `Refusal` 400 for anything else.
 */
export async function readCommand({ request }: Exchange, known: readonly string[]): Promise<Command> {
  const command = parsed(await request.body.buffer({ maxBytes: MAX_BYTES }))
  if (typeof command !== 'object' || command === null || Array.isArray(command))
    throw refused(`the body must be an object of JSON with ${known.join(', ')}`)
  const unknown = Object.keys(command).filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    const shown = unknown.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 40)))
    throw refused(`there is no member ${shown.join(', ')}; those that exist: ${known.join(', ')}`)
  }
  return command as Command
}

/** @throws `Refusal` 400 where it is none. */
export function textMember(command: Command, name: string): string {
  const value = command[name]
  if (typeof value === 'string' && value !== '') return value
  throw refused(`"${name}" must be a text`)
}

/** Does what was asked. A wrong option was the asker's. */
export async function asAsked<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw error instanceof OptionError ? refused(error.message) : error
  }
}

function refused(detail: string): Refusal {
  return new Refusal(400, 'Bad request', detail)
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes))
  } catch {
    throw refused('the body is no JSON in UTF-8')
  }
}
