import type { RoutedProxy } from '../../index.ts'
import type { ExchangeRecord } from './exchange-record.ts'

/** Why an exchange went where it went, and what happened there, as lines of text. */
export function explainExchange(app: RoutedProxy, record: ExchangeRecord): string {
  const { number, method, host, target, client, startedAtMs, attempts, outcome } = record
  const since = (ms: number): string => `+${(ms - startedAtMs).toFixed(3)} ms`.padStart(14)
  const lines = [
    `exchange ${number}: ${method} ${target} from ${client}, at ${startedAtMs.toFixed(3)} ms`,
    app
      .explain(
        `${/^[A-Z]+$/.test(method) ? method : 'GET'} http://${host}${target.startsWith('/') ? target : '/'}`,
      )
      .toString(),
    '  happened',
  ]
  attempts.forEach(({ endpoint, startedAtMs: from, respondedAtMs, status, endedAtMs, error }, i) => {
    lines.push(`${since(from)}  attempt ${i + 1} to ${endpoint}`)
    if (respondedAtMs !== undefined) lines.push(`${since(respondedAtMs)}  attempt ${i + 1}: ${status}`)
    if (endedAtMs !== undefined)
      lines.push(
        `${since(endedAtMs)}  attempt ${i + 1} ${error === undefined ? 'ended' : `failed: ${error}`}`,
      )
  })
  if (outcome === undefined) lines.push('                has not ended')
  else {
    const { result, status, error, durationMs } = outcome
    lines.push(
      `${since(startedAtMs + durationMs)}  ${result}${status === undefined ? '' : ` with ${status}`}${error === undefined ? '' : `: ${error.message}`}`,
    )
  }
  return lines.join('\n')
}
