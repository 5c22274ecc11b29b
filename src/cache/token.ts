const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** RFC 9110 section 5.6.2: what names of fields, among others, are made of. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}
