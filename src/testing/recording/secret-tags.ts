import { REDACTED } from './redacted.ts'

/**
 * Any text without the secrets in the markup in it: the content of an element with such a name, and the values beside a
 * `name="..."` or behind an element whose content is the name, as in settings, hidden inputs and tables.
 */
export function withoutTags(text: string, isSecret: (name: string) => boolean): string {
  if (!text.includes('<')) return text
  const pieces: string[] = []
  let done = 0
  /** Not to be looked for again: that would take time with the square of their number. */
  const unclosed = new Set<string>()
  TAG.lastIndex = 0
  for (let found = TAG.exec(text); found !== null; found = TAG.exec(text)) {
    const [whole, name = '', attributes = ''] = found
    const named = attributeNames(attributes, isSecret)
    const cleanAttributes = named === undefined ? attributes : attributes.replace(ATTRIBUTE, cleanAttribute)
    const at = found.index + whole.length
    pieces.push(text.slice(done, found.index), `<${name}${cleanAttributes}>`)
    done = at
    const secret = isSecret(localName(name)) || named === 'all' || follows(text, found.index, isSecret)
    if (!secret || attributes.endsWith('/') || VOID.test(name)) continue
    const end = contentEnd(text, name, at, unclosed)
    if (text.slice(at, end).trim() === '') continue
    pieces.push(REDACTED)
    done = end
    TAG.lastIndex = end
  }
  return done === 0 ? text : pieces.join('') + text.slice(done)
}

const TAG = /<([A-Za-z_][\w.:-]*)((?:[^<>"']|"[^"]*"|'[^']*'){0,2000})>/g
const VOID = /^(?:area|br|col|hr|img|input|link|meta|param|source)$/i
const ATTRIBUTE = /([\w:.-]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>/]+)/g
const NAMING = /^(?:name|key|property|itemprop|id)$/i
const VALUED = /value|content|data|default|text/i

/** Whether an attribute says that the tag is about a secret; an id says it of the tag alone, and not of all that is within. */
function attributeNames(
  attributes: string,
  isSecret: (name: string) => boolean,
): 'all' | 'attributes' | undefined {
  let names: 'all' | 'attributes' | undefined
  for (const [, name = '', , value = ''] of attributes.matchAll(ATTRIBUTE)) {
    if (!NAMING.test(name) || !isSecret(value.replace(/^["']|["']$/g, ''))) continue
    if (!/^id$/i.test(name)) return 'all'
    names = 'attributes'
  }
  return names
}

function cleanAttribute(found: string, name: string, equals: string): string {
  return VALUED.test(name) ? `${name}${equals}"${REDACTED}"` : found
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1)
}

const MOST_BEFORE = 300
const NAME_ELEMENT =
  />\s{0,20}([\w.-](?:[\w .-]{0,62}[\w.-])?)\s{0,20}:?\s{0,20}<\/[\w.:-]{1,64}\s{0,20}>\s{0,40}$/

/** Whether the content of the element before is the name of a secret: `<name>password</name><value>...`. */
function follows(text: string, at: number, isSecret: (name: string) => boolean): boolean {
  const before = NAME_ELEMENT.exec(text.slice(Math.max(0, at - MOST_BEFORE), at))?.[1]
  return before !== undefined && isSecret(before)
}

function contentEnd(text: string, name: string, at: number, unclosed: Set<string>): number {
  const end = unclosed.has(name) ? -1 : text.indexOf(`</${name}`, at)
  // With another one of its name in it, it ends further on; rather than to count, all is taken up to the last of them.
  const inner = end < 0 ? -1 : text.slice(at, end).indexOf(`<${name}`)
  if (end >= 0) return inner < 0 ? end : text.lastIndexOf(`</${name}`)
  unclosed.add(name)
  const next = text.indexOf('<', at)
  return next < 0 ? text.length : next
}
