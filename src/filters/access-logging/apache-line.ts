import type { AccessLogEntry } from './access-log-entry.ts'
import type { LineDate } from './line-date.ts'
import { apacheText } from './line-text.ts'

/** `%h %l %u %t "%r" %>s %b` of Apache. The user is `fields.user`, where there is such a field. */
export function commonLine(entry: AccessLogEntry, date: LineDate): string {
  const { client, ts, fields, status, bytesOut } = entry
  const user = fields?.user === undefined ? '-' : userText(String(fields.user))
  const bytes = bytesOut === undefined || bytesOut === 0 ? '-' : bytesOut
  return `${apacheText(client)} - ${user} [${date.apache(ts)}] "${requestText(entry)}" ${status ?? '-'} ${bytes}`
}

/** The same with `"%{Referer}i" "%{User-agent}i"`. */
export function combinedLine(entry: AccessLogEntry, date: LineDate): string {
  const { referer, userAgent } = entry
  return `${commonLine(entry, date)} "${quoted(referer)}" "${quoted(userAgent)}"`
}

function requestText({ method, path, query, version }: AccessLogEntry): string {
  if (method === undefined || path === undefined) return '-'
  const target = query === undefined ? path : `${path}?${query}`
  return apacheText(`${method} ${target} HTTP/${version === '2' ? '2.0' : version}`)
}

/** It stands without quotes: a space in it would begin the next column. */
function userText(user: string): string {
  return user === '' ? '""' : apacheText(user).replaceAll(' ', '\\x20')
}

function quoted(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : apacheText(text)
}
