import { styleText } from 'node:util'
import type { CliIo } from './cli-io.ts'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow'

/** Colours for a person at a terminal who has not asked for none (https://no-color.org); else texts stay as they are. */
export function palette({ isTerminal, env }: CliIo): (style: Style, text: string) => string {
  const { NO_COLOR = '', TERM } = env
  if (!isTerminal || NO_COLOR !== '' || TERM === 'dumb') return (_, text) => text
  return (style, text) => styleText(style, text, { validateStream: false })
}
