const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'
const IMF_FIXDATE = new RegExp(
  `^(${DAYS.join('|')}), (\\d\\d) (${MONTHS.join('|')}) (\\d{4}) ${TIME} GMT$`,
  'i',
)
const RFC850_DATE = new RegExp(
  `^(${LONG_DAYS.join('|')}), (\\d\\d)-(${MONTHS.join('|')})-(\\d\\d) ${TIME} GMT$`,
  'i',
)
const ASCTIME_DATE = new RegExp(
  `^(${DAYS.join('|')}) (${MONTHS.join('|')}) (\\d\\d| \\d) ${TIME} (\\d{4})$`,
  'i',
)

/** The longest of the three formats, with the longest day: nothing longer is looked at. */
const MAX_LENGTH = 'Wednesday, 06-Nov-94 08:49:37 GMT'.length

/**
 * Milliseconds since 1970 of an HTTP date in one of its three formats (RFC 9110 section 5.6.7), case ignored; `undefined`
 * for everything else. `now` says which century a year of two digits belongs to: one that would lie more than 50 years
 * ahead is the last one with these digits.
 *
 * The day of the week is not compared with the date: it is redundant, and RFC 9110 gives the date alone a meaning.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const fixed = IMF_FIXDATE.exec(text)
  if (fixed !== null) return time(Number(fixed[4]), fixed[3]!, fixed[2]!, fixed, 5)
  const long = RFC850_DATE.exec(text)
  if (long !== null) return time(fullYear(Number(long[4]), now), long[3]!, long[2]!, long, 5)
  const asctime = ASCTIME_DATE.exec(text)
  if (asctime !== null) return time(Number(asctime[7]), asctime[2]!, asctime[3]!, asctime, 4)
  return undefined
}

/** An HTTP date in the preferred format, of whole seconds: what is less is cut off. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

function time(year: number, month: string, day: string, found: RegExpExecArray, at: number) {
  const monthIndex = MONTHS.findIndex((name) => name.toLowerCase() === month.toLowerCase())
  const dayOfMonth = Number(day)
  const hour = Number(found[at])
  const minute = Number(found[at + 1])
  const second = Number(found[at + 2])
  // A leap second is counted as the one after it.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, monthIndex, dayOfMonth)
  if (midnight.getUTCMonth() !== monthIndex || midnight.getUTCDate() !== dayOfMonth) return undefined
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000
}

function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + digits
  if (year > thisYear + 50) return year - 100
  return year <= thisYear - 50 ? year + 100 : year
}
