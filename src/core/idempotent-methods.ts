/** RFC 9110 section 9.2.2, and QUERY (RFC 10008): sending these twice is the same as sending them once. */
export const IDEMPOTENT_METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
  'QUERY',
]
