const NOT_LATIN1 = /[\u0100-\uffff]/

/**
 * The same text in memory of its own: one that was cut out of another keeps that alive, and one that was put together keeps its
 * parts. What has other letters than heads have stays as it is.
 */
export function ownText(text: string): string {
  if (text === '' || NOT_LATIN1.test(text)) return text
  return Buffer.from(text, 'latin1').toString('latin1')
}
