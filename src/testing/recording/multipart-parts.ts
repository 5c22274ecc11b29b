/** A part of a multipart body (RFC 2046 section 5.1.1), as text of one character per byte. */
export interface MultipartPart {
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly content: string
}

/**
 * The parts; what stands before, between and behind them counts as one without fields, so that nothing is left out.
 * `type` is the `Content-Type`: the boundary is taken from it, or from the first line.
 */
export function multipartParts(text: string, type: string): readonly MultipartPart[] {
  const [, quoted, bare] = /boundary\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(type) ?? []
  const boundary = quoted ?? bare ?? /^--([^\r\n]{1,200})/.exec(text)?.[1]?.trimEnd()
  if (boundary === undefined || boundary === '') return [{ fields: [], content: text }]
  return text.split(`--${boundary}`).map(part)
}

function part(text: string): MultipartPart {
  const begin = /^[ \t]*\r?\n/.exec(text)
  if (begin === null) return { fields: [], content: text }
  const rest = text.slice(begin[0].length)
  const fields: (readonly [string, string])[] = []
  let at = 0
  for (;;) {
    FIELD.lastIndex = at
    const found = FIELD.exec(rest)
    if (found === null) break
    fields.push([found[1]!, found[2]!])
    at = FIELD.lastIndex
  }
  // The line end before the next boundary is part of the boundary.
  const content = rest
    .slice(at)
    .replace(/^\r?\n/, '')
    .replace(/\r?\n$/, '')
  return { fields, content }
}

/** One field with the lines that go on with it. */
const FIELD = /([\w!#$%&'*+.^`|~-]+):((?:[^\r\n]|\r?\n[ \t])*)\r?\n/y
