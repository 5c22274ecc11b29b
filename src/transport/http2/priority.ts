/** The urgency of a `Priority` field (RFC 9218 section 4.1), from 0 to 7; `undefined` where it names none. */
export function urgencyOf(priority: string): number | undefined {
  const found = /(?:^|[,\t ])u=([0-7])(?=$|[,;\t ])/.exec(priority)
  return found === null ? undefined : Number(found[1])
}
