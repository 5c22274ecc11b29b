import { bounded } from '../../core/bounded-text.ts'
import type { DecisionRecord } from '../../core/decision-record.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import type { RequestMessage } from '../../core/message.ts'
import type { TappedExchange } from '../api.ts'
import { reasonOf } from '../outcome-reason.ts'
import type { Facts, NumberField, TextField } from './expression.ts'
import { maskedFields, maskedValue } from './masked-fields.ts'
import { type Overheard, overheard } from './overheard.ts'
import type { TapSettings } from './tap-settings.ts'

/**
 * An exchange that has ended, as a tap sees it. Of the request it is what came, before filters changed it; of its fields, what
 * filters have made of them. Where no tap was open when it began, nothing is known of pool, attempts and cache.
 */
export class EndedExchange implements Facts {
  readonly #exchange: Exchange
  readonly #outcome: Outcome
  readonly #record: DecisionRecord | undefined

  constructor(exchange: Exchange, outcome: Outcome) {
    this.#exchange = exchange
    this.#outcome = outcome
    this.#record = exchange.recording
  }

  text(field: TextField): string {
    return this.#text(field) ?? ''
  }

  number(field: NumberField): number {
    const { status, durationMs, bytesSent, bytesReceived } = this.#outcome
    switch (field) {
      case 'status':
        return status ?? Number.NaN
      case 'attempts':
        return this.#record?.attemptCount ?? 0
      case 'duration':
        return durationMs
      case 'bytesSent':
        return bytesSent
      case 'bytesReceived':
        return bytesReceived
    }
  }

  /** As it is shown. `at`: the date when it ended. */
  shown(
    at: number,
    { record, headers, bodyBytes }: Pick<TapSettings, 'record' | 'headers' | 'bodyBytes'>,
  ): TappedExchange {
    const more = this.#exchange.get(overheard)
    const { status, result, durationMs, bytesSent, bytesReceived } = this.#outcome
    return {
      at,
      id: this.#exchange.id,
      method: bounded(this.text('method')),
      host: bounded(this.text('host')),
      path: bounded(this.text('path')),
      client: this.text('client'),
      route: this.#text('route'),
      pool: this.#text('pool'),
      endpoint: this.#text('endpoint'),
      attempts: this.number('attempts'),
      status,
      result,
      reason: this.#text('reason'),
      cache: this.#text('cache'),
      durationMs,
      bytesSent,
      bytesReceived,
      ...(headers
        ? {
            headers: maskedFields(this.#exchange.request.headers),
            responseHeaders: more?.responseHeaders ?? [],
          }
        : {}),
      ...(bodyBytes === 0 ? {} : bodiesOf(more, bodyBytes)),
      ...(record && this.#record !== undefined ? { record: this.#record } : {}),
    }
  }

  #text(field: TextField): string | undefined {
    const { request, client, route, endpoint } = this.#exchange
    const record = this.#record
    switch (field) {
      case 'method':
      case 'host':
      case 'path':
        return record?.[field] ?? request[field]
      case 'client':
        return client.address
      case 'route':
        return route?.name
      case 'pool':
        return record?.picks.at(-1)?.pool
      case 'endpoint':
        return endpoint?.id
      case 'result':
        return this.#outcome.result
      case 'reason':
        return reasonOf(this.#outcome)
      case 'cache':
        return record?.caches.at(-1)?.result
      default:
        return maskedField(request, field.slice('header.'.length))
    }
  }
}

function bodiesOf(
  more: Overheard | undefined,
  maxBytes: number,
): Pick<TappedExchange, 'requestBody' | 'responseBody'> {
  const requestBody = more?.request.shown(maxBytes)
  const responseBody = more?.response.shown(maxBytes)
  return {
    ...(requestBody === undefined ? {} : { requestBody }),
    ...(responseBody === undefined ? {} : { responseBody }),
  }
}

/** Whoever could compare with what is masked would find it out, character by character. */
function maskedField({ headers }: RequestMessage, name: string): string | undefined {
  const value = headers.get(name)
  return value === undefined ? undefined : maskedValue(name, value)
}
