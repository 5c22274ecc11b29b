/** What is wrong with bytes that should be a JSON document. */
export class DocumentFault extends Error {}

/** Deeper ones are for no service, and what walks through them may run out of stack. */
export const MAX_DEPTH = 200

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON document (RFC 8259) in UTF-8, with or without a byte order mark, that can be read in one way only: each name stands
 * once in its object, and none reaches for a prototype.
 *
 * @throws DocumentFault
 */
export function parseDocument(bytes: Uint8Array): unknown {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new DocumentFault('the content is no UTF-8', { cause })
  }
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DocumentFault('the content is no JSON', { cause })
  }
  if (typeof value === 'object' && value !== null) checkNames(text)
  return value
}

/** Whether a text that is JSON is nested deeper than `MAX_DEPTH`. */
export function isTooDeep(text: string): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i)
    // { and [, then } and ].
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}

/** What is open at a place of the text. */
interface Open {
  /** Of an object, the names so far; `undefined` for an array. */
  readonly names: Set<string> | undefined
  /** The name whose value it is; `undefined` in an array. */
  readonly under: string | undefined
  last: string | undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Of a text that is JSON. `JSON.parse` takes the last of two values, and others may take the first. */
function checkNames(text: string): void {
  const open: Open[] = []
  let top: Open | undefined
  let nameNext = false
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x7b: // {
      case 0x5b: {
        // [
        const names = text.charCodeAt(i) === 0x7b ? new Set<string>() : undefined
        if (open.length >= MAX_DEPTH)
          throw new DocumentFault(`the content is nested deeper than ${MAX_DEPTH}`)
        top = { names, under: top?.last, last: undefined }
        open.push(top)
        nameNext = names !== undefined
        break
      }
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        top = open.at(-1)
        nameNext = false
        break
      case 0x2c: // ,
        nameNext = top?.names !== undefined
        break
      case QUOTE: {
        const end = endOfString(text, i)
        if (nameNext) addName(top!, text.slice(i, end + 1))
        nameNext = false
        i = end
        break
      }
    }
  }
}

function addName(object: Open, quoted: string): void {
  const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
  const names = object.names!
  if (names.has(name)) throw new DocumentFault('a name stands twice in one object')
  if (name === '__proto__' || (name === 'prototype' && object.under === 'constructor'))
    throw new DocumentFault('a name reaches for a prototype')
  names.add(name)
  object.last = name
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
}
