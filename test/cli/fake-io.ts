import type { CliIo } from '../../src/cli/cli-io.ts'

/** What a command has written. */
export interface Written extends CliIo {
  stdout: string
  stderr: string
}

/** A place to write to, of a folder. */
export function fakeIo(cwd: string, changes: Partial<CliIo> = {}): Written {
  const io: Written = {
    stdout: '',
    stderr: '',
    out: (text) => {
      io.stdout += text
    },
    err: (text) => {
      io.stderr += text
    },
    isTerminal: false,
    env: {},
    cwd,
    ...changes,
  }
  return io
}
