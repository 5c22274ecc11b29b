import type { HeaderList } from '../../core/headers.ts'
import type { InformationalResponse } from '../exchange.ts'
import type { ExchangeRecord } from './exchange-record.ts'

/** A response as a client of a simulation got it: whole, unless it broke off. */
export interface SimulatedResponse {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderList
  /** Without its framing. */
  readonly body: Buffer
  readonly trailers: HeaderList
  /** Interim (1xx) responses that came before it. */
  readonly informational: readonly InformationalResponse[]
  /** `false` when the connection ended before the response did. */
  readonly complete: boolean
  /** Virtual milliseconds from the request's first byte to the response's last. */
  readonly durationMs: number
  /** What the proxy did for it. `undefined` when the proxy could not read the request, so that there was no exchange. */
  readonly exchange: ExchangeRecord | undefined
  /** The body as UTF-8. */
  text(): string
  /** @throws SyntaxError when the body is no JSON; the message shows it. */
  json(): unknown
}
