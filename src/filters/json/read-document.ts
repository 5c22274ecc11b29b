import { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { RequestMessage, ResponseMessage } from '../../core/message.ts'
import { DocumentFault, parseDocument } from './parse-document.ts'

const JSON_TYPE = /^[\t ]*application\/(?:[!#$&^_.+a-z0-9-]+\+)?json[\t ]*(?:;|$)/i
const CHARSET = /;[\t ]*charset="?([^";\t ]*)/i

/** Whether the content is said to be JSON: `application/json`, `application/*+json`. */
export function isJson(headers: HeaderList): boolean {
  return JSON_TYPE.test(headers.get('content-type') ?? '')
}

/** A JSON document as it came, and what it says. */
export interface JsonDocument {
  readonly bytes: Buffer
  readonly value: unknown
}

/**
 * Reads the content of a request. `undefined` where there is none.
 *
 * @throws ProxyError `request_content_unsupported` for what is no JSON in UTF-8 by its fields, `request_body_too_large`,
 * `request_malformed`
 */
export async function readRequest(
  { headers, body }: RequestMessage,
  maxBytes: number,
): Promise<JsonDocument | undefined> {
  if (body.length === 0) return undefined
  if (!isJson(headers)) throw unsupported('the content must be of a type such as application/json')
  if (headers.has('content-encoding'))
    throw unsupported('the content must have no coding', { 'Accept-Encoding': 'identity' })
  if (!isUtf8(headers)) throw unsupported('JSON must be in UTF-8')
  const bytes = await body.buffer({ maxBytes })
  if (bytes.length === 0) return undefined
  return { bytes, value: parsed(bytes, 'request_malformed') }
}

/**
 * Reads the content of a response. `undefined` where there is none.
 *
 * @throws ProxyError `upstream_response_malformed`, `upstream_body_too_large`
 */
export async function readResponse(
  { headers, body }: ResponseMessage,
  maxBytes: number,
): Promise<JsonDocument | undefined> {
  if (body.length === 0) return undefined
  const code = 'upstream_response_malformed'
  const coded = headers.has('content-encoding')
  if (coded || headers.has('content-range') || !isUtf8(headers)) {
    body.discard()
    const detail = coded
      ? 'JSON in a coding: decompress() must stand behind this filter'
      : 'JSON in parts, or not in UTF-8'
    throw new ProxyError(code, { detail })
  }
  const bytes = await body.fromUpstream().buffer({ maxBytes })
  if (bytes.length === 0) return undefined
  return { bytes, value: parsed(bytes, code) }
}

function parsed(bytes: Uint8Array, code: 'request_malformed' | 'upstream_response_malformed'): unknown {
  try {
    return parseDocument(bytes)
  } catch (cause) {
    if (cause instanceof DocumentFault) throw new ProxyError(code, { detail: cause.message, cause })
    throw cause
  }
}

/** JSON is in UTF-8 (RFC 8259 section 8.1), whatever else it may say. */
function isUtf8(headers: HeaderList): boolean {
  const charset = CHARSET.exec(headers.get('content-type') ?? '')?.[1]?.toLowerCase()
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii'
}

function unsupported(detail: string, headers: Record<string, string> = {}): ProxyError {
  return new ProxyError('request_content_unsupported', { detail, headers })
}
