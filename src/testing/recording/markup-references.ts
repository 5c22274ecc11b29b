/** References that stand for signs of markup or for any character; `&amp;` by itself, as in urls, hides nothing. */
export const REFERENCES: RegExp = /&(?:amp;)*(?:lt|gt|quot|apos|#\d{1,7}|#x[\da-f]{1,6});/i

/** What the references of XML stand for (XML 1.0 section 4.6), and those by number. Resolved once. */
export function withoutReferences(text: string): string {
  return text.replace(
    /&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([\da-f]{1,6}));/gi,
    (found, name, decimal, hex) => {
      if (name !== undefined) return SIGNS.get(String(name).toLowerCase()) ?? found
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= MOST_CODE ? String.fromCodePoint(code) : found
    },
  )
}

/** With references for the signs of markup. */
export function withReferences(text: string): string {
  return text.replace(/[<>"'&]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

const SIGNS: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['amp', '&'],
])
const MOST_CODE = 0x10ffff
