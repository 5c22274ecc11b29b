import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runCli } from '../src/cli/run-cli.ts'
import { fakeIo } from './cli/fake-io.ts'
import { ROOT } from './source-scan.ts'

const PAGE = 'docs/guides/cli.md'

/** A line that is typed, and what it is answered with. */
interface Step {
  readonly command: string
  readonly answer: string
}

/**
 * What of the page is files, by `<!-- file name -->`, and what is typed: `$ ` in fences of `sh`, but for those behind
 * `<!-- not run -->`.
 */
function readPage(text: string): { files: Map<string, string>; steps: Step[] } {
  const files = new Map<string, string>()
  const steps: Step[] = []
  for (const [, comment = '', language, code = ''] of text.matchAll(
    /(?:<!-- (.+) -->\n\n)?^```(\w+).*\n([\s\S]*?)^```$/gm,
  )) {
    const name = /^file (.+)$/.exec(comment)?.[1]
    if (name !== undefined) files.set(name, code)
    if (language !== 'sh' || comment === 'not run') continue
    for (const step of code.split(/^\$ /m).slice(1)) {
      const [command = '', ...answer] = step.split('\n')
      steps.push({ command, answer: answer.join('\n') })
    }
  }
  return { files, steps }
}

it('the guide of the command line shows what it answers', async () => {
  const within = join(ROOT, 'coverage')
  mkdirSync(within, { recursive: true })
  const folder = mkdtempSync(join(within, 'cli-guide-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { files, steps } = readPage(readFileSync(join(ROOT, PAGE), 'utf8'))
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
  expect(steps.length).toBeGreaterThan(6)

  let code = 0
  const answered: Step[] = []
  for (const { command } of steps) {
    const [name, ...args] = command.split(' ')
    let answer = `${code}\n`
    if (command !== 'echo $?') {
      expect(name).toBe('gatewright')
      const io = fakeIo(folder)
      code = await runCli(args, io)
      answer = (io.stdout + io.stderr).replaceAll(`${folder}/`, '')
    }
    answered.push({ command, answer })
  }
  expect(steps).toEqual(answered)
})
