import { bounded } from '../../core/bounded-text.ts'

/** Longer texts are cut: a few of them must not fill the queue. */
const MAX_TEXT = 1_024

/** A text that a peer has chosen, cut to a length that a line can bear. */
export function clipped(text: string): string {
  return bounded(text, MAX_TEXT)
}

const NOT_PLAIN = /[^ !#-[\]-~]/
const NOT_ASCII = /[\u007f-\uffff]/g

/**
 * A text as it stands between the quotes of JSON, in ASCII alone: no reader takes a part of it for the end of a line, and no
 * terminal for a command. Half a surrogate pair is written as such.
 */
export function inJson(text: string): string {
  return NOT_PLAIN.test(text) ? asciiJson(JSON.stringify(text)).slice(1, -1) : text
}

/** JSON with all that is beyond ASCII, and DEL, escaped. */
export function asciiJson(json: string): string {
  return json.replace(NOT_ASCII, escaped)
}

/** All that some reader takes for the end of a line or for a command to a terminal. */
const CONTROL = /[^ -~\u00a0-\u2027\u202a-\uffff]/g

/** A text of anyone's making, on one line. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, escaped).toWellFormed()
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const APACHE_SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** As Apache writes what clients send (`ap_escape_logitem`): bytes that cannot be printed as `\xhh`. */
export function apacheText(text: string): string {
  return NOT_PLAIN.test(text) ? text.replace(/[^ !#-[\]-~]/gu, apacheEscaped) : text
}

function apacheEscaped(char: string): string {
  const short = APACHE_SHORT[char]
  if (short !== undefined) return short
  const code = char.charCodeAt(0)
  // A field's value has a byte in each character.
  const bytes = code <= 0xff ? [code] : Buffer.from(char)
  let text = ''
  for (const byte of bytes) text += `\\x${byte.toString(16).padStart(2, '0')}`
  return text
}
