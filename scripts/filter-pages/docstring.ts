import { UnreadableSource } from './unreadable-source.ts'

/** A docstring, taken apart. All texts are Markdown. */
export interface Docstring {
  /** Its first sentence, on one line. */
  readonly summary: string
  /** What comes behind it, up to the first tag. May be empty. */
  readonly rest: string
  /** The program of its `@example`, if it has one. */
  readonly example: string | undefined
  readonly returns: string | undefined
  readonly throws: readonly string[]
  readonly params: readonly { readonly name: string; readonly text: string }[]
}

/** As it stands in the file. */
export interface Comment {
  readonly text: string
  readonly line: number
}

/** Adds what a comment says, read when it is asked for. */
export function documented<T extends object>(
  it: T,
  file: string,
  comment: Comment | undefined,
): T & { readonly doc: Docstring | undefined } {
  const get = () => comment && parseDocstring(comment.text, file, comment.line)
  return Object.defineProperty(it, 'doc', { get, enumerable: true }) as T & { doc: Docstring | undefined }
}

const TAG = /^@(\w+)\s?(.*)$/
const TAGS = ['example', 'param', 'returns', 'throws']

/** Reads the comment from its `/**` to its end, as it stands in the file at that line. */
export function parseDocstring(comment: string, file: string, line: number): Docstring {
  const unreadable = (at: number, why: string) => new UnreadableSource(file, line + at, why)
  const text: string[] = []
  const tags: { name: string; lines: string[] }[] = []
  for (const [at, written] of proseLines(comment).entries()) {
    if (/\{@\w+/.test(written)) throw unreadable(at, 'an inline tag: write Markdown')
    const [, name, behind] = TAG.exec(written) ?? []
    if (name === undefined) (tags.at(-1)?.lines ?? text).push(written)
    else if (TAGS.includes(name)) tags.push({ name, lines: [behind!] })
    else throw unreadable(at, `an unknown tag, @${name}: there are ${TAGS.map((it) => `@${it}`).join(', ')}`)
  }
  const prose = text.join('\n').trim()
  const summary = firstSentence(prose)
  if (summary === undefined)
    throw unreadable(0, 'a docstring does not begin with a sentence that ends with a full stop')
  const of = (tag: string) =>
    tags.filter(({ name }) => name === tag).map(({ lines }) => lines.join('\n').trim())
  const examples = of('example')
  if (examples.length > 1) throw unreadable(0, 'more than one @example')
  return {
    summary: onOneLine(summary),
    rest: unwrapped(prose.slice(summary.length).trim()),
    example: examples[0],
    returns: of('returns').map(onOneLine)[0],
    throws: of('throws').map(onOneLine),
    params: of('param').map((it) => {
      const [, name, said] = /^(\w+)\s+([\s\S]+)$/.exec(it) ?? []
      if (name === undefined) throw unreadable(0, `@param without a name and a text: "${it}"`)
      return { name, text: onOneLine(said!) }
    }),
  }
}

/** The lines without stars. Those of code keep their indentation. */
function proseLines(comment: string): string[] {
  const inner = comment.replace(/^\s*\/\*\*/, '').replace(/\s*\*\/\s*$/, '')
  return inner
    .split('\n')
    .map((line, at) => (at === 0 ? line.trim() : line.replace(/^\s*\*? ?/, '').trimEnd()))
}

/** Up to a full stop, a colon aside, that ends the paragraph or has white space behind it. None within code or parentheses does. */
function firstSentence(prose: string): string | undefined {
  const paragraph = prose.split(/\n\n/)[0]!
  let depth = 0
  let inCode = false
  for (let at = 0; at < paragraph.length; at++) {
    const letter = paragraph[at]!
    if (letter === '`') inCode = !inCode
    if (inCode) continue
    if (letter === '(') depth++
    if (letter === ')') depth--
    if (letter === '.' && depth === 0 && /^(?:\s|$)/.test(paragraph.slice(at + 1)))
      return paragraph.slice(0, at + 1)
  }
  return undefined
}

/** Each paragraph and each item of a list on a line of its own. Programs stay as they are. */
function unwrapped(prose: string): string {
  return prose
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part) =>
      part.startsWith('```') ? part : part.replace(/(?<!\n) *\n *(?!\n|[-*|] |\d+\. |$)/g, ' '),
    )
    .join('')
}

export function onOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
