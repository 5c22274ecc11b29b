/**
 * Bytes as source code, one line of text a line, for counterexamples that can be read and pasted. A string of latin1, as
 * `rawClient` and `fakeUpstream` take it.
 */
export function bytesAsCode(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .match(/[^\n]*\n|[^\n]+/g) ?? ['']
  return lines.map(stringAsCode).join(' +\n')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\r': '\\r',
  '\n': '\\n',
  '\t': '\\t',
  "'": "\\'",
  '\\': '\\\\',
}

/** A string as source code, in ASCII. */
export function stringAsCode(text: string): string {
  return `'${text.replace(/[^\x20-\x7e]|['\\]/g, (unit) => ESCAPES[unit] ?? escaped(unit.charCodeAt(0)))}'`
}

function escaped(code: number): string {
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`
}

/** Data as source code, without what is undefined. */
export function dataAsCode(data: unknown): string {
  if (typeof data === 'string') return stringAsCode(data)
  if (data instanceof Uint8Array)
    return `Buffer.from(${stringAsCode(Buffer.from(data).toString('hex'))}, 'hex')`
  if (Array.isArray(data)) return `[${data.map(dataAsCode).join(', ')}]`
  if (typeof data !== 'object' || data === null) return String(data)
  const members = Object.entries(data).filter(([, value]) => value !== undefined)
  if (members.length === 0) return '{}'
  return `{ ${members.map(([name, value]) => `${nameAsCode(name)}: ${dataAsCode(value)}`).join(', ')} }`
}

function nameAsCode(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringAsCode(name)
}
