import { fullyDecoded } from './form-decoding.ts'
import { REDACTED } from './redacted.ts'

/**
 * Any text without the values of `name=value`, `name: value`, `"name": value` and the like, as they stand in forms, YAML, logs,
 * attributes, GraphQL, source text and cut-off JSON. Where it is not clear how far a value goes, more is taken out.
 */
export function withoutPairs(text: string, isSecret: (name: string) => boolean): string {
  const pieces: string[] = []
  let done = 0
  PAIR.lastIndex = 0
  for (let found = PAIR.exec(text); found !== null; found = PAIR.exec(text)) {
    const [whole, inQuotes, bareName = '', quote, sign = ''] = found
    // What is no secret may be a text with secrets in it: the search goes on with the value.
    if (!isSecret(fullyDecoded(inQuotes ?? bareName))) continue
    const at = found.index + whole.length
    const value: Value = {
      at,
      quotedName: inQuotes !== undefined || quote !== undefined,
      colon: sign === '',
      opensLine: LINE_BEGIN.test(text.slice(Math.max(0, found.index - MOST_INDENT), found.index)),
      inUrl: sign === '=' && /[?&;]/.test(text[found.index - 1] ?? ''),
    }
    if (value.colon && isPort(text, found.index, at)) continue
    const end = valueEnd(text, value)
    const clean = cleanValue(text.slice(at, end), value)
    pieces.push(text.slice(done, at), clean)
    done = end
    PAIR.lastIndex = end
  }
  return done === 0 ? text : pieces.join('') + text.slice(done)
}

/** Any text without values whose name is a value itself, as in `name: password, value: abc`, and of options as in `--password abc`. */
export function withoutNamedValues(text: string, isSecret: (name: string) => boolean): string {
  const clean = (found: string, before: string, name: string, between: string): string =>
    isSecret(fullyDecoded(name)) ? `${before}${name}${between}${REDACTED}` : found
  return text.replace(NAMED_VALUE, clean).replace(COMMAND_OPTION, clean)
}

/** Any text without what stands in YAML below a name, indented. */
export function withoutBlocks(text: string, isSecret: (name: string) => boolean): string {
  if (!BLOCK_ANYWHERE.test(text)) return text
  const lines: string[] = []
  /** The indentation of the name whose block it is. */
  let within: number | undefined
  for (const line of text.split('\n')) {
    const indent = /^[ \t]*/.exec(line)![0].length
    const item = line.startsWith('- ', indent)
    if (within !== undefined && (indent > within || (indent === within && item) || line.trim() === ''))
      continue
    within = undefined
    lines.push(line)
    const [, before = '', name, value = ''] = BLOCK.exec(line) ?? []
    if (name === undefined || !isSecret(fullyDecoded(name))) continue
    within = before.length
    // A value beside the name may go on below it; it is taken out there as of any pair.
    if (value !== '' && !BLOCK_SIGN.test(value)) continue
    lines[lines.length - 1] = `${line.slice(0, line.indexOf(':', before.length + name.length))}: ${REDACTED}`
  }
  return lines.join('\n')
}

/**
 * A name, and the sign behind it. Names may be quoted, and the quotes may be escaped. In an event stream each line of a value
 * begins with `data:`.
 */
const PAIR =
  /(?<![\w$.%-])(?:"((?:[^"\\\r\n]|\\.){1,200})"|([\w$.%[\]-]{1,100}))(\\*["'`])?\s{0,20}(?:(=>|:=|={1,3})[^\S\r\n]*|:\s*(?:data:\s*)?)/g
const MOST_INDENT = 100
const LINE_BEGIN = /(?:^|[\r\n])[ \t>*-]*["']?$/
const BLOCK = /^([ \t]*(?:- +)?)["']?([\w.-]{1,100})["']?[ \t]*:(?:[ \t]+(\S.*)?)?\r?$/
const BLOCK_SIGN = /^[|>&!]/
const BLOCK_ANYWHERE = /\n[ \t-]/
const NAMED_VALUE =
  /(\b(?:name|key)\\?["']?\s{0,5}[:=]\s{0,5}\\?["']?)([\w.-]{1,64})(\\?["']?[,;\s]{1,40}\\?["']?(?:value|val|content|data)\\?["']?\s{0,5}[:=]\s{0,5})(?!\\?["']?REDACTED)[^\r\n]+/gi
const COMMAND_OPTION = /((?<![\w-])--)([a-z][\w.-]{0,63})([ \t]{1,9})[^\s-]\S*/gi
/** They tell nothing. */
const WORD = /^\s*(?:true|false|null|undefined)?[\s,;)}\]]*$/

interface Value {
  readonly at: number
  readonly quotedName: boolean
  readonly colon: boolean
  readonly opensLine: boolean
  readonly inUrl: boolean
}

function cleanValue(value: string, { quotedName }: Value): string {
  const [opening = ''] = /^(?:\\*["'`])?/.exec(value)!
  if (opening !== '') return `${opening}${REDACTED}${opening}`
  if (value.startsWith(REDACTED) || WORD.test(value)) return value
  return quotedName ? `"${REDACTED}"` : REDACTED
}

function valueEnd(text: string, { at, quotedName, colon, opensLine, inUrl }: Value): number {
  const first = text[at]
  if (first === '\\') return escapedEnd(text, at)
  if (first === '"' || first === "'" || first === '`') return inUrl ? at : quotedEnd(text, at)
  if (first === '[' || first === '{') return bracketsEnd(text, at)
  // It is clean already, and what follows is not part of it.
  if (text.startsWith(REDACTED, at)) return at + REDACTED.length
  const bare = quotedName
    ? /[^,}\]\r\n"]*/y
    : colon
      ? opensLine
        ? /[^\r\n]*/y
        : /[^\r\n"<>]*/y
      : opensLine
        ? /[^&\r\n]*/y
        : /[^\s&"<>]*/y
  bare.lastIndex = at
  return at + bare.exec(text)![0].length
}

/** Behind the closing quote, or at the end of the text. A doubled quote, as in YAML and SQL, closes nothing. */
function quotedEnd(text: string, at: number): number {
  const quote = text[at]
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === quote) {
      if (text[i + 1] !== quote) return i + 1
      i++
    }
  }
  return text.length
}

/** The same, where the quotes themselves are escaped. */
function escapedEnd(text: string, at: number): number {
  const [opening] = /^\\*["'`]?/.exec(text.slice(at, at + 40))!
  for (let i = at + opening.length; ; i++) {
    i = text.indexOf(opening, i)
    if (i < 0) return text.length
    if (text[i - 1] !== '\\') return i + opening.length
  }
}

function bracketsEnd(text: string, at: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const sign = text[i]
    if (sign === '"' || sign === "'" || sign === '`') i = quotedEnd(text, i) - 1
    else if (sign === '[' || sign === '{') depth++
    else if (sign === ']' || sign === '}') {
      depth--
      if (depth === 0) return i + 1
    }
  }
  return text.length
}

/** Whether what looks like a pair is the host and port of a url: `http://auth:8080`. */
function isPort(text: string, nameAt: number, valueAt: number): boolean {
  return (
    text.startsWith('//', nameAt - 2) && /^\d{1,5}(?:[/?#\s"'<>,;)]|$)/.test(text.slice(valueAt, valueAt + 6))
  )
}
