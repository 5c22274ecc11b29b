import { invalidOption, knownOptions, type Size, sizeBytes } from '../../core/options.ts'
import { MOST, WINDOW_BYTES } from '../http2/simple-frames.ts'
import type { ClientVersion } from './http2-client-connection.ts'

/** How a simulated client speaks HTTP/2. */
export interface ClientHttp2Options {
  /** Of each response's body, what may come before it is read. Default 65 535 bytes. */
  readonly windowBytes?: Size | undefined
  /** `false`: a client that does not read. The windows are never given back: no more comes than they hold. Default `true`. */
  readonly reads?: boolean | undefined
}

/** @internal `undefined`: HTTP/1.1. @throws `ERR_OPTION_INVALID` */
export function clientVersion(
  owner: string,
  http2: boolean | ClientHttp2Options | undefined,
): ClientVersion | undefined {
  if (http2 === undefined || http2 === false) return undefined
  if (http2 !== true && (typeof http2 !== 'object' || http2 === null))
    throw invalidOption(owner, 'http2', 'true, false or options', http2)
  const options = http2 === true ? {} : http2
  knownOptions(owner, options, ['windowBytes', 'reads'])
  const { windowBytes = WINDOW_BYTES, reads = true } = options
  if (typeof reads !== 'boolean') throw invalidOption(owner, 'http2.reads', 'true or false', reads)
  return { windowBytes: sizeBytes(owner, 'http2.windowBytes', windowBytes, { max: MOST }), reads }
}
