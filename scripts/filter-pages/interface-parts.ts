import { flatCode, withDepth } from './code-text.ts'
import { type Comment, documented } from './docstring.ts'
import type { Base, InterfaceDeclaration, Member } from './source-module.ts'
import { UnreadableSource } from './unreadable-source.ts'

/** What an interface extends, and its members. */
export function interfaceOf(
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
