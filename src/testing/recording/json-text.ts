/** A JSON object, list or string; `undefined` for any other text. */
export function parsedJson(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*[[{"]/.test(text)) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Whether every member that is written in a JSON text is in its value: of two with one name only the last is. */
export function hidesNoMember(text: string, value: unknown): boolean {
  return memberCount(value) === writtenMembers(text)
}

const RECORD_SEPARATOR = '\u001e'

/** Whether a text is JSON, or JSON line by line, or a JSON sequence (RFC 7464). */
export function isJsonOrLines(text: string): boolean {
  return (
    isJson(text) ||
    text
      .replaceAll(RECORD_SEPARATOR, '\n')
      .split('\n')
      .every((line) => line.trim() === '' || isJson(line))
  )
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function memberCount(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const members: unknown[] = Object.values(value)
  return members.reduce<number>((sum, it) => sum + memberCount(it), Array.isArray(value) ? 0 : members.length)
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g

/** Of a text that is JSON: strings with a colon behind them. */
function writtenMembers(text: string): number {
  let count = 0
  for (const [, colon] of text.matchAll(STRING)) if (colon !== undefined) count++
  return count
}
