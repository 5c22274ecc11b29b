/** What a text may have of what a peer has sent, or a filter has made of it, where nothing else is said. */
const MAX_LENGTH = 200

/** A text, cut where it is longer than so many characters. */
export function bounded(text: string, maxLength: number = MAX_LENGTH): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
}
