const MOST = 20

/** Names as a refusal tells them to whoever has got one wrong: the first few, for there may be thousands. */
export function namesOf(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : ''
  return names.slice(0, MOST).join(', ') + more
}
