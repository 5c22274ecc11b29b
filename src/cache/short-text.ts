import { hash } from 'node:crypto'

const MAX_LENGTH = 256

/** The same for the same text, and never long: what clients make up is remembered by it. */
export function shortText(text: string): string {
  return text.length <= MAX_LENGTH ? text : hash('sha256', text)
}
