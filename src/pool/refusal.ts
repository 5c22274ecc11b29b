import { ProxyError } from '../core/errors.ts'

/**
 * Whether a filter has let nothing through because there was too much, or too much has failed. It says something of the
 * place where the filter stands, and nothing of the request.
 */
export function isRefusal(thrown: unknown): thrown is ProxyError {
  return thrown instanceof ProxyError && (thrown.code === 'circuit_open' || thrown.code === 'overloaded')
}
