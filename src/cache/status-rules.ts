/** RFC 9110 section 15.1: what may be given a lifetime by a guess. */
export const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
])

/**
 * Statuses whose rules for caches are kept here, for `must-understand` (RFC 9111 section 5.2.2.3). For all of them it is
 * enough to treat them as what they are: answers to requests of this key.
 */
export const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...HEURISTICALLY_CACHEABLE,
  302,
  303,
  307,
  400,
  401,
  403,
  406,
  409,
  415,
  422,
  423,
  424,
  451,
  500,
  502,
  503,
  504,
  506,
  507,
  508,
])

/**
 * Statuses that are about one request alone, its connection or its client, and so answer no other. RFC 6585 forbids to
 * store 428, 429, 431 and 511; the others speak of conditions, ranges, expectations or connections, which keys do not hold.
 */
export const OF_ONE_REQUEST: ReadonlySet<number> = new Set([
  304, 407, 408, 412, 416, 417, 421, 425, 426, 428, 429, 431, 505, 511,
])
