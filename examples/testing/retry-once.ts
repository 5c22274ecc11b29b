import { type Filter, ProxyError } from 'gatewright'

/** Asks another endpoint when the first one has failed and it is safe to ask again. */
export const retryOnce: Filter = async (exchange, next) => {
  const { method } = exchange.request
  try {
    return await next(exchange)
  } catch (error) {
    const safe = method === 'GET' || method === 'HEAD'
    if (!safe || !(error instanceof ProxyError) || error.side !== 'upstream') throw error
    return next(exchange)
  }
}
