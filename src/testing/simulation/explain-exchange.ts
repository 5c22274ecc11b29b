import { happenedLines } from '../../core/format-decision.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { SimulatedApp } from './running-simulation.ts'

/** Why an exchange went where it went, and what happened there, as lines of text. */
export function explainExchange(app: SimulatedApp, record: ExchangeRecord): string {
  const { number, method, target, client, startedAtMs, decision } = record
  return [
    `exchange ${number}: ${method} ${target} from ${client}, at ${startedAtMs.toFixed(3)} ms`,
    routing(app, record),
    ...happenedLines(decision),
  ].join('\n')
}

/** Why that route: what can be said of it by method, host and target. A route that was chosen by other things is named alone. */
function routing(app: SimulatedApp, { method, host, target, route }: ExchangeRecord): string {
  // No path leads to these: connections, and requests for a tunnel.
  if (!('explain' in app) || method === 'CONNECT') return `  route      ${route ?? 'none'}`
  const asked = `${/^[A-Z]+$/.test(method) ? method : 'GET'} http://${host}${target.startsWith('/') ? target : '/'}`
  const explained = app.explain(asked)
  if (explained.route === route) return explained.toString()
  return `  route      ${route ?? 'none'} (chosen by more than method, host and path)`
}
