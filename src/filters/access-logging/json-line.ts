import type { AccessLogEntry, AccessLogTry, AccessLogValue } from './access-log-entry.ts'
import { THREE_DIGITS } from './line-date.ts'
import { inJson } from './line-text.ts'

/** An entry as one line of JSON, in ASCII. By hand: `JSON.stringify` has to find out each time what it is given. */
export function jsonLine(entry: AccessLogEntry): string {
  const {
    method,
    path,
    host = '',
    requestId = '',
    query,
    route,
    status,
    reason,
    by,
    phase,
    pool,
    endpoint,
  } = entry
  // In long pieces: the fewer there are, the less it costs to put them together.
  let line =
    method === undefined || path === undefined
      ? `{"ts":"${entry.ts}"`
      : `{"ts":"${entry.ts}","requestId":"${inJson(requestId)}","method":"${inJson(method)}","host":"${inJson(host)}","path":"${inJson(path)}"`
  if (query !== undefined) line += `,"query":"${inJson(query)}"`
  if (route !== undefined) line += `,"route":"${inJson(route)}"`
  if (status !== undefined) line += `,"status":${status}`
  line += `,"result":"${entry.result}"`
  if (reason !== undefined) line += `,"reason":"${reason}"`
  if (by !== undefined) line += `,"by":"${by}"`
  if (phase !== undefined) line += `,"phase":"${phase}"`
  if (pool !== undefined) line += `,"pool":"${inJson(pool)}"`
  if (endpoint !== undefined) line += `,"endpoint":"${inJson(endpoint)}"`
  line += `,"attempts":${entry.attempts},"retries":${entry.retries}`
  if (entry.tries !== undefined) line += `,"tries":[${entry.tries.map(tryJson).join(',')}]`
  if (entry.cache !== undefined) line += `,"cache":"${entry.cache}"`
  if (entry.grpcStatus !== undefined) line += `,"grpcStatus":"${inJson(entry.grpcStatus)}"`
  if (entry.durationMs !== undefined) line += `,"durationMs":${msText(entry.durationMs)}`
  if (entry.limitMs !== undefined) line += `,"limitMs":${msText(entry.limitMs)}`
  if (entry.queueMs !== undefined) line += `,"queueMs":${msText(entry.queueMs)}`
  if (entry.connectMs !== undefined) line += `,"connectMs":${msText(entry.connectMs)}`
  if (entry.requestMs !== undefined) line += `,"requestMs":${msText(entry.requestMs)}`
  if (entry.headMs !== undefined) line += `,"headMs":${msText(entry.headMs)}`
  if (entry.bodyMs !== undefined) line += `,"bodyMs":${msText(entry.bodyMs)}`
  if (entry.bytesIn !== undefined) line += `,"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut}`
  line += `,"client":"${inJson(entry.client)}"`
  if (entry.peer !== undefined) line += `,"peer":"${inJson(entry.peer)}"`
  if (entry.version !== undefined) line += `,"version":"${entry.version}"`
  if (entry.tls !== undefined) line += `,"tls":"${inJson(entry.tls)}"`
  if (entry.traceId !== undefined) line += `,"traceId":"${inJson(entry.traceId)}"`
  if (entry.spanId !== undefined) line += `,"spanId":"${inJson(entry.spanId)}"`
  if (entry.userAgent !== undefined) line += `,"userAgent":"${inJson(entry.userAgent)}"`
  if (entry.referer !== undefined) line += `,"referer":"${inJson(entry.referer)}"`
  if (entry.requestHeaders !== undefined) line += `,"requestHeaders":${recordJson(entry.requestHeaders)}`
  if (entry.responseHeaders !== undefined) line += `,"responseHeaders":${recordJson(entry.responseHeaders)}`
  if (entry.fields !== undefined) line += `,"fields":${recordJson(entry.fields)}`
  return `${line}}`
}

function tryJson({ kind, endpoint, status, error, ms }: AccessLogTry): string {
  const came = status === undefined ? '' : `,"status":${status}`
  const failed = error === undefined ? '' : `,"error":"${error}"`
  return `{"kind":"${kind}","endpoint":"${inJson(endpoint)}"${came}${failed},"ms":${msText(ms)}}`
}

function recordJson(record: Readonly<Record<string, AccessLogValue>>): string {
  let text = ''
  for (const name of Object.keys(record)) {
    const value = record[name]!
    const json = typeof value === 'string' ? `"${inJson(value)}"` : value
    text += `${text === '' ? '' : ','}"${inJson(name)}":${json}`
  }
  return `{${text}}`
}

/** Milliseconds with three decimals: the general way to write a fraction costs several times as much. */
function msText(ms: number): string {
  const us = Math.round(ms * 1_000)
  const whole = Math.floor(us / 1_000)
  const rest = us - whole * 1_000
  return rest === 0 ? String(whole) : `${whole}.${THREE_DIGITS[rest]}`
}
