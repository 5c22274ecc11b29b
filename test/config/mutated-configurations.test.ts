import { ConfigError, type ConfigProblem, fromConfig } from 'gatewright/config'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigFolder } from './config-folder.ts'
import { type ConfigLine, configLines } from './config-lines.ts'
import { CODE, ENV, GOOD } from './good-configurations.ts'

/** Something wrong that was put in, and where. */
interface Mutation {
  readonly name: string
  readonly text: string
  readonly line: number
  /** What the key of the problem must be, or begin with. */
  readonly key: string
  readonly says?: RegExp
  readonly nearest?: string
}

/** Keys that users make up. */
const MADE_UP = /^proxy\.(?:upstreams\.[\w-]+|.*\.(?:labels|headers)\..*|error_pages\.\d+(?:\[.*)?)$/

interface Rule {
  readonly of: (line: ConfigLine) => boolean
  readonly put: (line: ConfigLine) => Omit<Mutation, 'name' | 'text'> & { readonly instead: string }
}

const value = ({ text, value }: ConfigLine, other: string) =>
  text.slice(0, text.length - value!.length) + other
const here = ({ line, path }: ConfigLine) => ({ line, key: path })

const RULES: Readonly<Record<string, Rule>> = {
  'a key that lacks a letter': {
    of: ({ key, path }) => key !== undefined && key.length > 3 && !MADE_UP.test(path),
    put: (line) => {
      const wrong = line.key!.slice(0, 1) + line.key!.slice(2)
      return {
        line: line.line,
        key: line.path.replace(/[^.]+$/, wrong),
        instead: line.text.replace(`${line.key}:`, `${wrong}:`),
        nearest: line.key!,
      }
    },
  },
  'a key that nobody knows': {
    of: ({ key, path }) => key !== undefined && !MADE_UP.test(path),
    put: (line) => ({
      line: line.line,
      key: line.path.replace(/[^.]+$/, 'xyzzyxyzzy'),
      instead: line.text.replace(`${line.key}:`, 'xyzzyxyzzy:'),
    }),
  },
  'a key that stands there twice': {
    of: ({ key, value, text }) => key !== undefined && value !== undefined && !text.includes('- '),
    put: (line) => ({
      line: line.line + 1,
      key: line.path,
      instead: `${line.text}\n${line.text}`,
      says: /twice: first in line \d+/,
    }),
  },
  'an object in the place of a value': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({ ...here(line), instead: value(line, '{ xyzzy: 1 }') }),
  },
  'a list of lists in the place of a value': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({ ...here(line), instead: value(line, '[[[]]]') }),
  },
  'nothing in the place of a value': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({ ...here(line), instead: value(line, '~') }),
  },
  'a variable that is not set': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({
      ...here(line),
      instead: value(line, '$\u007bNOBODY_SETS_THIS}'),
      says: /the variable NOBODY_SETS_THIS is not set/,
    }),
  },
  'a secret that is not there': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({
      ...here(line),
      instead: value(line, '"$\u007bfile:secrets/nowhere}"'),
      says: /"secrets\/nowhere" cannot be read: it is not there/,
    }),
  },
  'a reference that is none': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({
      ...here(line),
      instead: value(line, '"$\u007bnot a name}"'),
      says: /must be \$\{NAME\}/,
    }),
  },
  'a duration without a unit that exists': {
    of: ({ value = '' }) => /^\d+(?:ms|s|m|h)$/.test(value),
    put: (line) => ({ ...here(line), instead: value(line, '30 parsecs'), says: /"30 parsecs"/ }),
  },
  'a size without a unit that exists': {
    of: ({ value = '' }) => /^\d+[km]b$/i.test(value),
    put: (line) => ({ ...here(line), instead: value(line, '12 florins'), says: /"12 florins"/ }),
  },
  'a text in the place of a number': {
    of: ({ value = '' }) => /^\d+(?:\.\d+)?$/.test(value),
    put: (line) => ({ ...here(line), instead: value(line, 'many') }),
  },
  'a number below all that are allowed': {
    of: ({ value = '' }) => /^\d+(?:\.\d+)?$/.test(value),
    put: (line) => ({ ...here(line), instead: value(line, '-1') }),
  },
  'a text in the place of true or false': {
    of: ({ value = '' }) => /^(?:true|false)$/.test(value),
    put: (line) => ({ ...here(line), instead: value(line, 'perhaps') }),
  },
  'an upstream that is not there': {
    of: ({ key, value }) => key === 'upstream' && value !== undefined,
    put: (line) => ({ ...here(line), instead: value(line, `${line.value!}s`), nearest: line.value! }),
  },
  'an address that is none': {
    of: ({ key = '', path }) => key === 'url' || (key === 'address' && path.includes('upstreams')),
    put: (line) => ({ ...here(line), instead: value(line, '"http://no host"') }),
  },
  'a module that is not there': {
    of: ({ key, value }) => key === 'module' && value !== undefined,
    put: (line) => ({
      ...here(line),
      instead: value(line, './nowhere.ts#x'),
      says: /cannot be read: it is not there/,
    }),
  },
  'a module that lacks the export': {
    of: ({ key, value }) => key === 'module' && value !== undefined,
    put: (line) => ({
      ...here(line),
      instead: value(line, './code.ts#nothing'),
      says: /exports no "nothing", but audit, hello, number/,
    }),
  },
  'an export that is no function': {
    of: ({ key, value }) => key === 'module' && value !== undefined,
    put: (line) => ({ ...here(line), instead: value(line, './code.ts#number') }),
  },
  'a module that cannot be read by node': {
    of: ({ key, value }) => key === 'module' && value !== undefined,
    put: (line) => ({ ...here(line), instead: value(line, './broken.ts#x'), says: /cannot be loaded: / }),
  },
  'a module that throws': {
    of: ({ key, value }) => key === 'module' && value !== undefined,
    put: (line) => ({
      ...here(line),
      instead: value(line, './throws.ts#x'),
      says: /cannot be loaded: Error: not today$/,
    }),
  },
  'a bracket that nothing closes': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({ line: line.line + 1, key: '', instead: value(line, '[') }),
  },
  'a tag of the user': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({
      line: line.line,
      key: '',
      instead: value(line, `!include ${line.value!}`),
      says: /tag/i,
    }),
  },
  'an alias of nothing': {
    of: ({ value }) => value !== undefined,
    put: (line) => ({ line: line.line, key: '', instead: value(line, '*nobody') }),
  },
}

/** So many lines of a configuration get the wrong of one rule, those of each rule others. All of them would take half a minute. */
const LINES_OF_RULE = 8

function mutationsOf(text: string): Mutation[] {
  const lines = configLines(text)
  return Object.entries(RULES).flatMap(([name, { of, put }], which) => {
    const fitting = lines.filter(of)
    const every = Math.ceil(fitting.length / LINES_OF_RULE)
    const chosen = fitting.filter((_, i) => i % every === which % every)
    return chosen.map((line) => {
      const { instead, ...rest } = put(line)
      const mutated = text
        .split('\n')
        .toSpliced(line.line - 1, 1, instead)
        .join('\n')
      return { name: `${name}: ${line.path}`, text: mutated, ...rest }
    })
  })
}

let folder: ConfigFolder
beforeAll(() => {
  folder = new ConfigFolder({
    'code.ts': CODE,
    'broken.ts': 'export const x = = 1',
    'throws.ts': "throw new Error('not today')\nexport const x = 1",
  })
})
afterAll(() => folder[Symbol.dispose]())

test('are wrong in two hundred ways', () => {
  expect(Object.values(GOOD).flatMap(mutationsOf).length).toBeGreaterThanOrEqual(200)
})

describe.each(Object.entries(GOOD))('the configuration %s', (name, text) => {
  test('is right', async () => {
    const { app } = await fromConfig(folder.write(`${name}.yaml`, text), { env: ENV })
    expect(app.routes.length).toBeGreaterThan(0)
  })

  test('has a wrong line told wherever one is put', async () => {
    const wrong: string[] = []
    const mutations = mutationsOf(text)
    for (const mutation of mutations) {
      const said = await problemsOf(mutation.text)
      const why = typeof said === 'string' ? said : whyNot(mutation, said)
      if (why !== undefined) wrong.push(`${mutation.name}, line ${mutation.line}: ${why}`)
    }
    expect(wrong).toEqual([])
  })
})

async function problemsOf(text: string): Promise<readonly ConfigProblem[] | string> {
  try {
    await fromConfig(folder.write('mutated.yaml', text), { env: ENV })
    return 'nothing was said'
  } catch (error) {
    if (!(error instanceof ConfigError)) return `it is no ConfigError: ${String(error)}`
    if (String(error.stack).includes('\n    at ')) return `there is a stack: ${error.stack}`
    return error.problems
  }
}

function whyNot(
  { line, key, says = /./, nearest }: Mutation,
  problems: readonly ConfigProblem[],
): string | undefined {
  const found = problems.some(
    (problem) =>
      problem.line === line &&
      problem.key.startsWith(key) &&
      says.test(problem.message) &&
      (nearest === undefined || problem.nearest === nearest),
  )
  return found
    ? undefined
    : `what was said: ${problems.map((it) => `${it.line}: ${it.key}: ${it.message}`).join(' | ')}`
}
