const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/

/** A text as a token of structured fields (RFC 9651), or as a string of theirs where it is none. */
export function tokenOrString(text: string): string {
  return TOKEN.test(text) ? text : quotedString(text)
}

/** A text as a string of structured fields: what that cannot hold becomes a question mark. */
export function quotedString(text: string): string {
  return `"${text.replace(/[^ -~]/gu, '?').replace(/["\\]/g, '\\$&')}"`
}
