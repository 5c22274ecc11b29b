import { ProxyError, type ProxyErrorCode, type ProxyErrorOptions } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'

/** What a filter throws to turn a request away: it is noted in the exchange's record, where there is one. */
export function refusal(
  exchange: Exchange,
  filter: string,
  code: ProxyErrorCode,
  options: ProxyErrorOptions & { readonly detail: string },
): ProxyError {
  exchange.recording?.refused(filter, code, options.detail)
  return new ProxyError(code, options)
}
