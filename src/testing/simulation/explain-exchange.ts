import type { RoutedProxy } from '../../index.ts'
import type { ExchangeRecord } from './exchange-record.ts'

/** Why an exchange went where it went, and what happened there, as lines of text. */
export function explainExchange(app: RoutedProxy, record: ExchangeRecord): string {
  const { number, method, target, client, startedAtMs, attempts, outcome } = record
  const since = (ms: number): string => `+${(ms - startedAtMs).toFixed(3)} ms`.padStart(14)
  const lines = [
    `exchange ${number}: ${method} ${target} from ${client}, at ${startedAtMs.toFixed(3)} ms`,
    routing(app, record),
    '  happened',
  ]
  const events = attempts.flatMap(
    ({ endpoint, startedAtMs: from, respondedAtMs, status, endedAtMs, error }, i) => {
      const name = `attempt ${i + 1}`
      return [
        { atMs: from, text: `${name} to ${endpoint}` },
        ...(respondedAtMs === undefined ? [] : [{ atMs: respondedAtMs, text: `${name}: ${status}` }]),
        ...(endedAtMs === undefined
          ? []
          : [{ atMs: endedAtMs, text: error === undefined ? `${name} ended` : `${name} failed: ${error}` }]),
      ]
    },
  )
  for (const { atMs, text } of events.sort((one, other) => one.atMs - other.atMs))
    lines.push(`${since(atMs)}  ${text}`)
  if (outcome === undefined) lines.push('                has not ended')
  else {
    const { result, status, error, durationMs } = outcome
    lines.push(
      `${since(startedAtMs + durationMs)}  ${result}${status === undefined ? '' : ` with ${status}`}${error === undefined ? '' : `: ${error.message}`}`,
    )
  }
  return lines.join('\n')
}

/** Why that route: what can be said of it by method, host and target. A route that was chosen by other things is named alone. */
function routing(app: RoutedProxy, { method, host, target, route }: ExchangeRecord): string {
  const asked = `${/^[A-Z]+$/.test(method) ? method : 'GET'} http://${host}${target.startsWith('/') ? target : '/'}`
  const explained = app.explain(asked)
  if (explained.route === route) return explained.toString()
  return `  route      ${route ?? 'none'} (chosen by more than method, host and path)`
}
