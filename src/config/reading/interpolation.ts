import type { SourceFiles } from './source-files.ts'
import { besideFile } from './source-files.ts'

/** Where values of `${...}` come from. */
export interface ValueSources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: SourceFiles
}

/** A text with what its `${...}` stand for. */
export interface Interpolated {
  readonly text: string
  /** Those of its `${...}` that were replaced, as they stand there; `undefined` where there is none. */
  readonly origin: string | undefined
}

const MAX_SECRET_BYTES = 1_048_576
/** What a reference begins with. */
const OPEN = '\u0024{'
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g
const VARIABLE = /^([A-Za-z_]\w*)(?::-(.*))?$/s

/**
 * Puts in what `${NAME}`, `${NAME:-default}` and `${file:path}` stand for. `$${` is `${`. A variable that is set to nothing is
 * set, but takes the default, as in a shell.
 *
 * @throws an `Error` that says which one cannot be had.
 */
export async function interpolate(
  text: string,
  file: string,
  { env, files }: ValueSources,
): Promise<Interpolated> {
  if (!text.includes(OPEN)) return { text, origin: undefined }
  const origins: string[] = []
  let result = ''
  let from = 0
  for (const found of text.matchAll(REFERENCE)) {
    result += text.slice(from, found.index)
    from = found.index + found[0].length
    const [whole, inner = ''] = found
    if (whole.startsWith('$$')) {
      result += whole.slice(1)
      continue
    }
    if (!whole.endsWith('}'))
      throw new Error(`a "${OPEN}" is not closed by "}" ("$${OPEN}" stands for the two characters)`)
    if (inner.includes(OPEN))
      throw new Error(`"${OPEN}" within "${OPEN}...}" is not read: give it a variable of its own`)
    origins.push(whole)
    result += inner.startsWith('file:')
      ? await contentOf(inner.slice('file:'.length), file, files)
      : variable(inner, env)
  }
  result += text.slice(from)
  return { text: result, origin: origins.length === 0 ? undefined : origins.join(' and ') }
}

async function contentOf(path: string, file: string, files: SourceFiles): Promise<string> {
  try {
    const content = await files.read(besideFile(file, path), MAX_SECRET_BYTES)
    return content.toString('utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new Error(`the file ${JSON.stringify(path)} cannot be read: ${(error as Error).message}`)
  }
}

function variable(inner: string, env: ValueSources['env']): string {
  const [, name, fallback] = VARIABLE.exec(inner) ?? []
  if (name === undefined)
    throw new Error(
      `"${OPEN}${inner}}" must be ${OPEN}NAME}, ${OPEN}NAME:-default} or ${OPEN}file:path} ("$${OPEN}" stands for the two characters)`,
    )
  const value = env[name]
  if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
  if (value === undefined)
    throw new Error(`the variable ${name} is not set (\${${name}:-default} has a default)`)
  return value
}

/** A text as YAML types one that stands there without quotes. */
export function asYamlTypes(text: string): string | number | boolean {
  if (text === 'true') return true
  if (text === 'false') return false
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : text
}
