import { posix } from 'node:path'
import { type Docstring, parseDocstring } from './docstring.ts'
import { UnreadableSource } from './unreadable-source.ts'

/**
 * What a source file declares and where its names come from. It reads the files of this repository, as Biome formats them:
 * statements begin in the first column, members of interfaces with an indentation of two, and whatever goes on is indented
 * further or begins with a closing bracket. What does not look like that is refused.
 */
export interface SourceModule {
  readonly file: string
  readonly declarations: ReadonlyMap<string, Declaration>
  /** Names that it imports or exports from other files of the repository. */
  readonly from: ReadonlyMap<string, ForeignName>
}

export interface ForeignName {
  readonly file: string
  /** As it is called there. */
  readonly name: string
  readonly exported: boolean
  readonly type: boolean
}

interface Declared {
  readonly name: string
  readonly file: string
  readonly line: number
  /** Read when it is asked for: what is internal need not have one that can be read. */
  readonly doc: Docstring | undefined
}

export interface FunctionDeclaration extends Declared {
  readonly kind: 'function'
  /** Without `export function`, on one line: `hsts(options: HstsOptions = {}): Filter`. Several where it is overloaded. */
  readonly signatures: readonly string[]
}

export interface InterfaceDeclaration extends Declared {
  readonly kind: 'interface'
  readonly bases: readonly Base[]
  readonly members: readonly Member[]
}

/** What an interface extends: `Name`, `Partial<Name>`, `Omit<Name, 'key'>` or `Pick<Name, 'key'>`. */
export interface Base {
  readonly name: string
  readonly as: 'Partial' | 'Omit' | 'Pick' | undefined
  readonly keys: readonly string[]
}

/** A type alias, a constant, or a class: shown as it stands, or by its docstring. */
export interface OtherDeclaration extends Declared {
  readonly kind: 'type' | 'const' | 'class'
  readonly code: string
}

export type Declaration = FunctionDeclaration | InterfaceDeclaration | OtherDeclaration

export interface Member {
  readonly name: string
  readonly optional: boolean
  /** On one line. Of a method `(argument: Type) => Result`. */
  readonly type: string
  readonly doc: Docstring | undefined
  readonly file: string
  readonly line: number
}

const DECLARATION =
  /^(?:export )?(?:declare )?(?:abstract )?(?<kind>function|async function\*?|interface|type|const|let|class) (?<name>[\w$]+)/

interface Statement {
  readonly text: string
  readonly line: number
  /** The docstring right before it. */
  readonly comment: Comment | undefined
}

interface Comment {
  readonly text: string
  readonly line: number
}

function documented<T extends object>(
  it: T,
  file: string,
  comment: Comment | undefined,
): T & { readonly doc: Docstring | undefined } {
  const get = () => comment && parseDocstring(comment.text, file, comment.line)
  return Object.defineProperty(it, 'doc', { get, enumerable: true }) as T & { doc: Docstring | undefined }
}

export function parseModule(file: string, text: string): SourceModule {
  const declarations = new Map<string, Declaration>()
  const from = new Map<string, ForeignName>()
  for (const statement of statementsOf(file, text)) {
    const { text: code, line, comment } = statement
    if (/^import |^export (?:type )?[{*]/.test(code)) {
      for (const [local, foreign] of namesFrom(file, code, line)) from.set(local, foreign)
      continue
    }
    const { kind, name } = DECLARATION.exec(code)?.groups ?? {}
    if (kind === undefined || name === undefined) {
      if (code.startsWith('export ')) throw new UnreadableSource(file, line, 'an export of an unknown kind')
      continue
    }
    // Only what is exported can be on a page.
    if (!code.startsWith('export ')) continue
    const before = declarations.get(name)
    if (before !== undefined) {
      if (before.kind !== 'function' || !kind.includes('function'))
        throw new UnreadableSource(file, line, `${name} is declared twice`)
      // The implementation behind overloads is not what callers see.
      if (hasBody(code)) continue
      declarations.set(name, { ...before, signatures: [...before.signatures, signatureOf(file, code, line)] })
      continue
    }
    const declared = { name, file, line, ...partsOf(kind, file, code, line) }
    declarations.set(name, documented(declared, file, comment))
  }
  return { file, declarations, from }
}

function partsOf(kind: string, file: string, code: string, line: number) {
  if (kind.includes('function'))
    return { kind: 'function' as const, signatures: [signatureOf(file, code, line)] }
  if (kind === 'interface') return { kind, ...interfaceOf(file, code, line) } as const
  return { kind: kind === 'let' ? 'const' : (kind as OtherDeclaration['kind']), code }
}

function* statementsOf(file: string, text: string): Iterable<Statement> {
  const lines = text.split('\n')
  let comment: Statement['comment']
  for (let at = 0; at < lines.length; ) {
    const from = at
    const line = lines[at++]!
    // A note to a linter may stand between a docstring and what it is of.
    if (line.startsWith('//')) continue
    if (line === '') {
      comment = undefined
      continue
    }
    if (line.startsWith('/*')) {
      while (!lines[at - 1]!.includes('*/')) {
        if (at === lines.length) throw new UnreadableSource(file, from + 1, 'a comment that does not end')
        at++
      }
      comment = line.startsWith('/**')
        ? { text: lines.slice(from, at).join('\n'), line: from + 1 }
        : undefined
      continue
    }
    if (!/^[\w$(@]/.test(line))
      throw new UnreadableSource(file, from + 1, `a statement that begins with "${line.slice(0, 20)}"`)
    // What goes on is indented, or closes a bracket. An empty line may stand within.
    while (at < lines.length && goesOn(lines, at)) at++
    yield { text: lines.slice(from, at).join('\n').trimEnd(), line: from + 1, comment }
    comment = undefined
  }
}

function goesOn(lines: readonly string[], at: number): boolean {
  for (let next = at; next < lines.length; next++) {
    const line = lines[next]!
    if (line !== '') return /^[\s})\]`>]/.test(line)
  }
  return false
}

function namesFrom(file: string, code: string, line: number): [string, ForeignName][] {
  const exported = code.startsWith('export ')
  const flat = code.replace(/\s+/g, ' ')
  const parts = /^(?:import|export) (?<type>type )?(?<clause>.*?) from '(?<from>[^']+)'$/.exec(flat)?.groups
  if (parts === undefined) {
    // An import for its effects, and names of types that are imported or declared elsewhere in the file.
    if (/^import '[^']+'$|^export type \{[^}]*\}$/.test(flat)) return []
    throw new UnreadableSource(
      file,
      line,
      exported ? 'an export list without "from"' : 'an import of an unknown form',
    )
  }
  // Types of packages are not explained here.
  if (!parts.from!.startsWith('.')) return []
  const list = /^(?:\w+, )?\{(?<names>.*)\}$/.exec(parts.clause!)?.groups?.names
  if (list === undefined) {
    if (exported) throw new UnreadableSource(file, line, 'an export without a list of names')
    return []
  }
  const target = posix.normalize(posix.join(posix.dirname(file), parts.from!))
  return list
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '')
    .map((it) => {
      const type = parts.type !== undefined || it.startsWith('type ')
      const [name, local = name] = it.replace(/^type /, '').split(' as ')
      return [local!, { file: target, name: name!, exported, type }]
    })
}

/** Whether brackets are open at each place; braces, brackets and parentheses alike. */
function* withDepth(text: string): Iterable<{ at: number; letter: string; depth: number }> {
  let depth = 0
  let quote: string | undefined
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (quote !== undefined) {
      if (letter === '\\') at++
      else if (letter === quote) quote = undefined
      continue
    }
    if (letter === "'" || letter === '"' || letter === '`') quote = letter
    if ('}])'.includes(letter)) depth--
    yield { at, letter, depth }
    if ('{[('.includes(letter)) depth++
  }
}

/** Where the head of a function ends: before the brace of its body, or at the end of an overload. */
function headEnd(code: string): number {
  let parameters = false
  for (const { at, letter, depth } of withDepth(code)) {
    if (depth !== 0) continue
    if (letter === ')') parameters = true
    // A brace behind one of these begins a type.
    else if (letter === '{' && parameters && !/(?:[:|&<,]|=>|\bis)\s*$/.test(code.slice(0, at))) return at
  }
  return code.length
}

function hasBody(code: string): boolean {
  return headEnd(code) < code.length
}

function signatureOf(file: string, code: string, line: number): string {
  const head = code.slice(0, headEnd(code)).replace(/^export (?:async )?function\*? /, '')
  if (!/^[\w$]+[(<]/.test(head))
    throw new UnreadableSource(file, line, 'a function whose parameters cannot be found')
  return flatCode(head)
}

function interfaceOf(
  file: string,
  code: string,
  line: number,
): Pick<InterfaceDeclaration, 'bases' | 'members'> {
  const head = /^export interface [\w$]+(?:<[^{]*?>)?(?: extends (?<bases>[^{]+?))? \{/.exec(code)
  if (head === null) throw new UnreadableSource(file, line, 'an interface whose head cannot be read')
  const body = code.slice(head[0].length)
  return {
    bases: splitList(head.groups?.bases ?? '').map((it) => baseOf(file, it, line)),
    members: body.trim() === '}' ? [] : membersOf(file, body, line),
  }
}

const BASE = /^(?:(?<as>Partial|Omit|Pick)<)?(?<name>[\w$]+)(?:, (?<keys>'[^<>]*'))?(?<end>>)?$/

function baseOf(file: string, code: string, line: number): Base {
  const { as, name, keys, end } = BASE.exec(code)?.groups ?? {}
  const isKeyed = as === 'Omit' || as === 'Pick'
  if (name === undefined || (as === undefined) !== (end === undefined) || isKeyed !== (keys !== undefined))
    throw new UnreadableSource(file, line, `an interface that extends ${code}, which cannot be read`)
  return { name, as: as as Base['as'], keys: keys?.match(/[\w$]+/g) ?? [] }
}

/** What stands between commas that are in no brackets. */
function splitList(code: string): string[] {
  const parts = ['']
  let depth = 0
  for (const letter of code) {
    if (letter === '<') depth++
    if (letter === '>') depth--
    if (letter === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts.map((it) => flatCode(it)).filter((it) => it !== '')
}

function membersOf(file: string, body: string, firstLine: number): Member[] {
  const lines = body.split('\n')
  const members: Member[] = []
  let comment: Comment | undefined
  for (let at = 1; at < lines.length - 1; ) {
    const from = at
    const line = lines[at++]!
    const here = firstLine + from
    if (line.trim() === '' || /^ {2}\/\//.test(line)) continue
    if (/^ {2}\/\*\*/.test(line)) {
      while (!lines[at - 1]!.includes('*/')) at++
      comment = { text: lines.slice(from, at).join('\n'), line: here }
      continue
    }
    if (!/^ {2}\S/.test(line))
      throw new UnreadableSource(file, here, 'a member that does not stand where members stand')
    while (at < lines.length - 1 && /^(?: {4,}\S| {2}[})\]>])/.test(lines[at]!)) at++
    members.push(memberOf(file, lines.slice(from, at).join('\n').trim(), here, comment))
    comment = undefined
  }
  return members
}

const PROPERTY = /^(?:readonly )?(?<name>[\w$]+|\[[^\]]+\])(?<optional>\?)?:(?<type>[\s\S]+)$/
/** One without a name is what a function with members is called by. */
const METHOD = /^(?<name>[\w$]+|\[[^\]]+\]|(?=\())(?<optional>\?)?(?<type>[(<][\s\S]+)$/

function memberOf(file: string, code: string, line: number, comment: Comment | undefined): Member {
  const property = PROPERTY.exec(code)?.groups
  const { name, optional, type } = property ?? METHOD.exec(code)?.groups ?? {}
  if (name === undefined || type === undefined)
    throw new UnreadableSource(file, line, `a member that is neither a property nor a method: ${code}`)
  if (type.includes('/*') || type.includes('//'))
    throw new UnreadableSource(file, line, `a comment within the type of ${name}: give that type a name`)
  const member = {
    name: name === '' ? '()' : name,
    optional: optional !== undefined,
    type: property === undefined ? asFunctionType(file, type, line) : flatCode(type),
    file,
    line,
  }
  return documented(member, file, comment)
}

/** `(a: A): B` as `(a: A) => B`. */
function asFunctionType(file: string, code: string, line: number): string {
  for (const { at, letter, depth } of withDepth(code))
    if (depth === 0 && letter === ')') {
      const result = /^\s*:\s*([\s\S]+)$/.exec(code.slice(at + 1))?.[1]
      if (result === undefined) break
      return flatCode(`${code.slice(0, at + 1)} => ${result}`)
    }
  throw new UnreadableSource(file, line, 'a method without a type of its result')
}

/** Code on one line, as Biome would write it if it were short enough. */
export function flatCode(code: string): string {
  return code
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/([([]) /g, '$1')
    .replace(/,? ([)\]])/g, '$1')
    .replace(/(^|[:(=<] ?)\| /g, '$1')
}
