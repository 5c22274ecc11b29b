import { HeaderList } from '../../core/headers.ts'
import type { SimpleMessage } from '../network/simple-http1.ts'
import type { CallResult } from './client-connections.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { SimulatedResponse } from './simulated-response.ts'

/** @internal A response as it was read from a connection. */
export class ReadResponse implements SimulatedResponse {
  readonly status: number
  readonly reason: string
  readonly body: Buffer
  readonly complete: boolean
  readonly durationMs: number
  readonly exchange: ExchangeRecord | undefined
  readonly #message: SimpleMessage
  readonly #informational: readonly SimpleMessage[]
  #headers: HeaderList | undefined

  constructor(
    { message, status, informational, exchange }: Extract<CallResult, { kind: 'response' }>,
    durationMs: number,
  ) {
    this.status = status
    this.reason = message.startLine.slice(13)
    this.body = message.body
    this.complete = message.complete
    this.durationMs = durationMs
    this.exchange = exchange
    this.#message = message
    this.#informational = informational
  }

  get headers(): HeaderList {
    this.#headers ??= HeaderList.from(this.#message.headers)
    return this.#headers
  }

  get trailers(): HeaderList {
    return HeaderList.from(this.#message.trailers)
  }

  get informational(): SimulatedResponse['informational'] {
    return this.#informational.map(({ startLine, headers }) => ({
      status: Number(startLine.split(' ')[1]),
      headers: HeaderList.from(headers),
    }))
  }

  text(): string {
    return this.body.toString('utf8')
  }

  json(): unknown {
    try {
      return JSON.parse(this.text())
    } catch (error) {
      throw new SyntaxError(`the body is no JSON: ${JSON.stringify(this.text().slice(0, 200))}`, {
        cause: error,
      })
    }
  }
}
