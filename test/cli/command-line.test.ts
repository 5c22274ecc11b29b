import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { VERSION } from '../../src/core/version.ts'
import { fakeIo } from './fake-io.ts'

async function asked(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo('/')
  const code = await runCli(args, io)
  return { code, out: io.stdout, err: io.stderr }
}

describe('the command line', () => {
  it('tells its version, and all that it can do', async () => {
    expect(await asked('--version')).toEqual({ code: 0, out: `gatewright ${VERSION}\n`, err: '' })
    const { code, out } = await asked('help')
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} .*${summary}$`, 'm'))
    expect((await asked('--help')).out).toBe(out)
    expect(await asked()).toEqual({ code: 2, out: '', err: out })
  })

  it.each(COMMANDS.map(({ name }) => name))('tells of %s, the same by help and by --help', async (name) => {
    const { code, out } = await asked('help', name)
    expect([code, (await asked(name, '--help')).out]).toEqual([0, out])
    expect(out).toContain(`Usage: gatewright ${name}`)
    const { arguments: all, options, summary } = COMMANDS.find((command) => command.name === name)!
    for (const part of [summary, ...all.map((it) => it.summary), ...options.map((it) => it.name)])
      expect(out).toContain(part)
  })

  it.each([
    [['serve', 'x.yaml'], 'there is no command "serve"\nSee: gatewright help\n'],
    [['check'], '<file> is missing: a configuration'],
    [['check', 'a.yaml', 'b.yaml'], '"b.yaml" is one argument too many'],
    [
      ['check', '--jsn', 'a.yaml'],
      "Unknown option '--jsn'; did you mean '--json'?\nSee: gatewright help check\n",
    ],
    [['run', '--no-wach', 'a.yaml'], "Unknown option '--no-wach'; did you mean '--no-watch'?"],
    [['check', '-x', 'a.yaml'], "Unknown option '-x'\n"],
    [['check', '--json=1', 'a.yaml'], "Option '--json' does not take an argument"],
    [['run', '--workers', '0', 'a.yaml'], '--workers must be a number from 1 to 256, or auto, got "0"'],
    [['completion', 'tcsh'], '<shell> must be bash, zsh or fish, got "tcsh"'],
    [['help', 'chek'], 'there is no command "chek"; did you mean "check"?'],
  ])('says in a line what is wrong with %j', async (args, message) => {
    const { code, out, err } = await asked(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
    expect(err.split('\n')).toHaveLength(3)
    expect(err).toMatch(/\nSee: gatewright help/)
  })
})

describe('the completion of shells', () => {
  it('of bash completes commands, options, words and files', async () => {
    const { out } = await asked('completion', 'bash')
    const completed = (...words: string[]): string[] => {
      const script = `${out}
COMP_WORDS=(gatewright ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
compopt() { COMPREPLY=("compopt $*"); }
_gatewright; printf '%s\\n' "\${COMPREPLY[@]}"`
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n')
    }
    expect(completed('ch')).toEqual(['check'])
    expect(completed('')).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)))
    expect(completed('run', '--')).toEqual(['--watch', '--no-watch', '--workers', '--json', '--help'])
    expect(completed('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(completed('check', 'g')).toEqual(['compopt -o default'])
    expect(completed('help', 'exp')).toEqual(['explain'])
  })

  it.for([
    ['bash', ['-n']],
    ['zsh', ['-n']],
    ['fish', ['--no-execute']],
  ] as const)('of %s is a script that it can read', async ([shell, args], { skip }) => {
    const { out } = await asked('completion', shell)
    for (const { name, options } of COMMANDS) {
      expect(out).toContain(name)
      for (const option of options) expect(out).toContain(option.name)
    }
    skip(spawnSync(shell, ['-c', 'true']).error !== undefined, `${shell} is not installed`)
    // Of a pipe, fish reads none.
    const folder = mkdtempSync(join(tmpdir(), 'gatewright-completion-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, shell)
    writeFileSync(file, out)
    expect(spawnSync(shell, [...args, file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })
})
