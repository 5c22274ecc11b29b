import type { AccessLogEntry, AccessLogTry, AccessLogValue } from './access-log-entry.ts'
import { THREE_DIGITS } from './line-date.ts'
import { jsonText } from './line-text.ts'

/** An entry as one line of JSON, in ASCII. By hand: it costs a part of what `JSON.stringify` does. */
export function jsonLine(entry: AccessLogEntry): string {
  let line = `{"ts":"${entry.ts}"`
  if (entry.requestId !== undefined) line += `,"requestId":${jsonText(entry.requestId)}`
  if (entry.method !== undefined) line += `,"method":${jsonText(entry.method)}`
  if (entry.host !== undefined) line += `,"host":${jsonText(entry.host)}`
  if (entry.path !== undefined) line += `,"path":${jsonText(entry.path)}`
  if (entry.query !== undefined) line += `,"query":${jsonText(entry.query)}`
  if (entry.route !== undefined) line += `,"route":${jsonText(entry.route)}`
  if (entry.status !== undefined) line += `,"status":${entry.status}`
  line += `,"result":"${entry.result}"`
  if (entry.reason !== undefined) line += `,"reason":"${entry.reason}"`
  if (entry.by !== undefined) line += `,"by":"${entry.by}"`
  if (entry.phase !== undefined) line += `,"phase":"${entry.phase}"`
  if (entry.pool !== undefined) line += `,"pool":${jsonText(entry.pool)}`
  if (entry.endpoint !== undefined) line += `,"endpoint":${jsonText(entry.endpoint)}`
  line += `,"attempts":${entry.attempts}`
  if (entry.tries !== undefined) line += `,"tries":[${entry.tries.map(tryJson).join(',')}]`
  line += `,"retries":${entry.retries}`
  if (entry.cache !== undefined) line += `,"cache":"${entry.cache}"`
  if (entry.grpcStatus !== undefined) line += `,"grpcStatus":${jsonText(entry.grpcStatus)}`
  if (entry.durationMs !== undefined) line += `,"durationMs":${msText(entry.durationMs)}`
  if (entry.limitMs !== undefined) line += `,"limitMs":${msText(entry.limitMs)}`
  if (entry.queueMs !== undefined) line += `,"queueMs":${msText(entry.queueMs)}`
  if (entry.connectMs !== undefined) line += `,"connectMs":${msText(entry.connectMs)}`
  if (entry.requestMs !== undefined) line += `,"requestMs":${msText(entry.requestMs)}`
  if (entry.headMs !== undefined) line += `,"headMs":${msText(entry.headMs)}`
  if (entry.bodyMs !== undefined) line += `,"bodyMs":${msText(entry.bodyMs)}`
  if (entry.bytesIn !== undefined) line += `,"bytesIn":${entry.bytesIn}`
  if (entry.bytesOut !== undefined) line += `,"bytesOut":${entry.bytesOut}`
  line += `,"client":${jsonText(entry.client)}`
  if (entry.peer !== undefined) line += `,"peer":${jsonText(entry.peer)}`
  if (entry.version !== undefined) line += `,"version":"${entry.version}"`
  if (entry.tls !== undefined) line += `,"tls":${jsonText(entry.tls)}`
  if (entry.traceId !== undefined) line += `,"traceId":${jsonText(entry.traceId)}`
  if (entry.spanId !== undefined) line += `,"spanId":${jsonText(entry.spanId)}`
  if (entry.userAgent !== undefined) line += `,"userAgent":${jsonText(entry.userAgent)}`
  if (entry.referer !== undefined) line += `,"referer":${jsonText(entry.referer)}`
  if (entry.requestHeaders !== undefined) line += `,"requestHeaders":${recordJson(entry.requestHeaders)}`
  if (entry.responseHeaders !== undefined) line += `,"responseHeaders":${recordJson(entry.responseHeaders)}`
  if (entry.fields !== undefined) line += `,"fields":${recordJson(entry.fields)}`
  return `${line}}`
}

function tryJson({ kind, endpoint, status, error, ms }: AccessLogTry): string {
  const came = status === undefined ? '' : `,"status":${status}`
  const failed = error === undefined ? '' : `,"error":"${error}"`
  return `{"kind":"${kind}","endpoint":${jsonText(endpoint)}${came}${failed},"ms":${msText(ms)}}`
}

function recordJson(record: Readonly<Record<string, AccessLogValue>>): string {
  let text = ''
  for (const name of Object.keys(record)) {
    const value = record[name]!
    text += `${text === '' ? '' : ','}${jsonText(name)}:${typeof value === 'string' ? jsonText(value) : value}`
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
