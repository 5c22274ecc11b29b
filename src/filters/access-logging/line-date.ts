/** Dates of lines. Many lines have the same second: its text is made once. */
export class LineDate {
  #isoSecond = Number.NaN
  #isoText = ''
  #apacheSecond = Number.NaN
  #apacheText = ''

  /** `2026-01-01T00:00:00.000Z` of milliseconds since 1970. */
  iso(ms: number): string {
    const second = Math.floor(ms / 1_000)
    if (second !== this.#isoSecond) {
      this.#isoText = new Date(second * 1_000).toISOString().slice(0, -'000Z'.length)
      this.#isoSecond = second
    }
    return `${this.#isoText}${THREE_DIGITS[Math.floor(ms) - second * 1_000]}Z`
  }

  /** `01/Jan/2026:00:00:00 +0000` of a date in ISO 8601. */
  apache(iso: string): string {
    const second = Math.floor(Date.parse(iso) / 1_000)
    if (second !== this.#apacheSecond) {
      // `Thu, 01 Jan 2026 00:00:00 GMT`
      const [, day, month, year, time] = new Date(second * 1_000).toUTCString().split(' ')
      this.#apacheText = `${day}/${month}/${year}:${time} +0000`
      this.#apacheSecond = second
    }
    return this.#apacheText
  }
}

/** `000` to `999`. */
export const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, i) =>
  String(i).padStart(3, '0'),
)
