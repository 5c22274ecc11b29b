import { isUtf8 } from 'node:buffer'

/**
 * The content of a message in a recording, in the form that is best read: a value when writing it as JSON gives the very
 * bytes back, text, or bytes. Text of several lines and long base64 are lists, so that a diff shows the line.
 */
export type RecordedBody =
  | { readonly json: unknown }
  | { readonly text: string | readonly string[] }
  | { readonly base64: string | readonly string[] }
  /** It is not there, and why. */
  | { readonly omitted: string }

/** The content in its most readable form; `bytesOfRecorded` gives the same bytes back. */
export function recordedBody(bytes: Buffer): RecordedBody {
  if (!isUtf8(bytes)) return { base64: base64Lines(bytes) }
  const text = bytes.toString('utf8')
  if (CONTROL.test(text)) return { base64: base64Lines(bytes) }
  const json = canonicalJson(text)
  if (json !== undefined) return { json: json.value }
  const lines = text.split(/(?<=\n)/)
  return { text: lines.length > 1 ? lines : text }
}

/** The bytes of a recorded body; `undefined` when they were omitted. */
export function bytesOfRecorded(body: RecordedBody): Buffer | undefined {
  if ('json' in body) return Buffer.from(JSON.stringify(body.json), 'utf8')
  if ('text' in body) return Buffer.from(joined(body.text), 'utf8')
  if ('base64' in body) return Buffer.from(joined(body.base64), 'base64')
  return undefined
}

/** Characters that make text unreadable: all controls but tab and line ends. */
const CONTROL = /[^\P{Cc}\t\r\n]/u

/** Deeper values are written as text: indented, their size would grow with the square of their depth. */
const MAX_DEPTH = 50

function canonicalJson(text: string): { readonly value: unknown } | undefined {
  // A bare word or number is as readable as text.
  if (!/^[[{]/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isShallow(value, MAX_DEPTH) && JSON.stringify(value) === text ? { value } : undefined
  } catch {
    return undefined
  }
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((it) => isShallow(it, depth - 1))
}

const BASE64_LINE = 100

function base64Lines(bytes: Buffer): string | readonly string[] {
  const text = bytes.toString('base64')
  if (text.length <= BASE64_LINE) return text
  const lines: string[] = []
  for (let at = 0; at < text.length; at += BASE64_LINE) lines.push(text.slice(at, at + BASE64_LINE))
  return lines
}

function joined(lines: string | readonly string[]): string {
  return typeof lines === 'string' ? lines : lines.join('')
}
