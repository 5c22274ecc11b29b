import type { Exchange } from '../../core/exchange.ts'

/** What makes browsers save an answer as a file, named for the time. */
export function attachment({ clock }: Exchange, extension: string): Readonly<Record<string, string>> {
  const at = new Date(clock.wallTime()).toISOString().replace(/[:.]/g, '-')
  return { 'Content-Disposition': `attachment; filename="gatewright-${at}.${extension}"` }
}
