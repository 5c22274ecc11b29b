import { posix } from 'node:path'
import { flatCode, withDepth } from './code-text.ts'
import { type Comment, type Docstring, documented } from './docstring.ts'
import { interfaceOf } from './interface-parts.ts'
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
