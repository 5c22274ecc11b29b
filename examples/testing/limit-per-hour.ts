import { type Filter, respond } from 'gatewright'

/** Lets each client have so many requests in an hour, counted from its first one. */
export function limitPerHour(limit: number, { clients = 10_000 }: { clients?: number } = {}): Filter {
  const windows = new Map<string, { endsAt: number; left: number }>()
  return (exchange, next) => {
    // The proxy's time, not the machine's: a test can turn it.
    const now = exchange.clock.now()
    const { address } = exchange.client
    let window = windows.get(address)
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt: now + 3_600_000, left: limit }
      windows.delete(address)
      windows.set(address, window)
      // Clients come without end; the oldest windows are forgotten.
      if (windows.size > clients) windows.delete(windows.keys().next().value!)
    }
    if (window.left === 0) {
      const seconds = Math.ceil((window.endsAt - now) / 1_000)
      return respond(429, 'too many requests\n', { 'Retry-After': `${seconds}` })
    }
    window.left--
    return next(exchange)
  }
}
