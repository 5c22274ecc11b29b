/** So many characters of what a client has sent are shown. */
const MAX_LENGTH = 200

/** What a client has sent, cut where it is long. */
export function shortText(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
