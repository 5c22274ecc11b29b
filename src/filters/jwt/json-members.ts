/**
 * Whether an object in a valid JSON text has two members of one name. `JSON.parse` takes the last of them, others the first:
 * RFC 7515 section 4 and RFC 7519 section 4 leave both to choose, or to refuse.
 */
export function hasDuplicateMember(json: string): boolean {
  /** The names of each object that is open; `undefined` for an array. */
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '{':
        open.push(new Set())
        break
      case '[':
        open.push(undefined)
        break
      case '}':
      case ']':
        open.pop()
        break
      case '"': {
        const end = endOfString(json, at)
        if (isName(json, end)) {
          // Two ways to write a name are one name.
          const name: unknown = JSON.parse(json.slice(at, end))
          const names = open.at(-1)!
          if (names.has(name as string)) return true
          names.add(name as string)
        }
        at = end - 1
      }
    }
  }
  return false
}

function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

function isName(json: string, end: number): boolean {
  let at = end
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\n' || json[at] === '\r') at++
  return json[at] === ':'
}
