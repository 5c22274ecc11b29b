const KNOWN = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
])

/** The method as a label: what clients make up is `_OTHER`, as OpenTelemetry has it. */
export function knownMethod(method: string): string {
  return KNOWN.has(method) ? method : '_OTHER'
}
