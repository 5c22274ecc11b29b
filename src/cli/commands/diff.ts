import type { CliIo } from '../cli-io.ts'
import type { Given } from '../command.ts'
import { type Differences, differences } from '../differences.ts'
import { EXIT } from '../exit-codes.ts'
import { loadFile } from '../load-file.ts'
import { palette } from '../palette.ts'
import { told } from '../told.ts'

const SIGNS = { added: ['+', 'green'], removed: ['-', 'red'], changed: ['~', 'yellow'] } as const

/** Says what a new file would change. As with `diff`, 1 says that the two differ, so that a wrong one is 2. */
export async function diff({ arguments: [old, next], options }: Given, io: CliIo): Promise<number> {
  let found: Differences
  try {
    const before = await loadFile(old!, io)
    found = differences(before, await loadFile(next!, io, before))
  } catch (error) {
    told(error, 'diff', io)
    return EXIT.usage
  }
  if (options.json === true) io.out(`${JSON.stringify(found)}\n`)
  else io.out(text(found, io))
  return found.changes.length === 0 ? EXIT.ok : EXIT.no
}

function text({ changes, kept }: Differences, io: CliIo): string {
  const paint = palette(io)
  const lines = changes.flatMap(({ part, change, name, details }) => {
    const [sign, colour] = SIGNS[change]
    const first = paint(colour, `${sign} ${part.padEnd(9)} ${name}`)
    return [first, ...details.map((detail) => `              ${detail}`)]
  })
  const counts = Object.entries(kept).map(
    ([what, count]) => `${count} ${count === 1 ? what.slice(0, -1) : what}`,
  )
  const summary =
    changes.length === 0
      ? 'nothing changes'
      : `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`
  return `${[...lines, `${summary}; kept: ${counts.join(', ')}`].join('\n')}\n`
}
