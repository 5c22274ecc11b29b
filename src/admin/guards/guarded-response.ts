import type { ResponseMessage } from '../../core/message.ts'

/** Nothing of it is for other origins, for frames or for stores; and its pages load nothing from elsewhere. */
const FIELDS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

/** The response with the fields that each of an admin listener has. */
export function guardedResponse(response: ResponseMessage): ResponseMessage {
  for (const [name, value] of Object.entries(FIELDS))
    if (!response.headers.has(name)) response.headers.append(name, value)
  return response
}
