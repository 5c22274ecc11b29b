import { hash } from 'node:crypto'
import { Body } from '../core/body.ts'
import { IterableSource } from '../core/body-source.ts'
import { ChunkReader } from '../core/chunk-reader.ts'
import type { HeaderList } from '../core/headers.ts'
import type { RequestMessage } from '../core/message.ts'
import type { CacheKeyParts } from './cache-key.ts'

/**
 * All of a request's content; then its body can be sent again and again. `undefined` where it is longer, or has something behind
 * it that no key holds: then the body is whole all the same.
 */
export async function requestContent(
  request: RequestMessage,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const { body } = request
  if (body.bytes !== undefined) return body.bytes.byteLength <= maxBytes ? body.bytes : undefined
  const known = body.length === undefined ? {} : { length: body.length }
  const rest = new ChunkReader(body.take())
  const read: Uint8Array[] = []
  let bytes = 0
  while (bytes <= maxBytes) {
    const step = await rest.next()
    if (step.done === true) break
    read.push(step.value)
    bytes += step.value.byteLength
  }
  if (bytes <= maxBytes && rest.trailers === undefined) {
    const content = Buffer.concat(read, bytes)
    request.body = Body.from(content)
    return content
  }
  const whole = new IterableSource(() => behind(read, rest), { ...known, trailers: () => rest.trailers })
  request.body = new Body(whole)
  return undefined
}

/** What a key has of a request's content (RFC 10008 section 2.7): bytes mean something else where they are of another type. */
export function contentKey(headers: HeaderList, content: Uint8Array): NonNullable<CacheKeyParts['content']> {
  return {
    hash: hash('sha256', content, 'base64url'),
    type: headers.get('content-type'),
    encoding: headers.get('content-encoding'),
  }
}

/** No generator: one that was never asked for anything would not let go of the rest. */
function behind(read: Uint8Array[], rest: ChunkReader): AsyncIterableIterator<Uint8Array> {
  return {
    next() {
      const value = read.shift()
      return value === undefined ? rest.next() : Promise.resolve({ done: false, value })
    },
    return: () => rest.return(),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
