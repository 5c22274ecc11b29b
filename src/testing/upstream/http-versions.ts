import { integer, invalidOption, knownOptions, type Size, sizeBytes } from '../../core/options.ts'
import { MOST } from '../http2/simple-frames.ts'
import type { HttpVersions } from './connection-host.ts'

/** How a fake upstream speaks HTTP/2. */
export interface FakeHttp2Options {
  /** Whether it speaks HTTP/2 alone. Default `false`: HTTP/1.1 too. */
  readonly only?: boolean | undefined
  /** So many streams of a connection at a time. Further ones are refused with REFUSED_STREAM. Default: no limit. */
  readonly streams?: number | undefined
  /** Of each request's body, what may come before it is read. Default 65 535 bytes, as for all who say nothing. */
  readonly windowBytes?: Size | undefined
  /** Takes extended CONNECT (RFC 8441), by which WebSocket is asked for. Default `true`. */
  readonly extendedConnect?: boolean | undefined
}

/** @internal @throws `ERR_OPTION_INVALID` */
export function versionsOf(given: boolean | 'only' | FakeHttp2Options): HttpVersions {
  if (given !== 'only' && typeof given !== 'boolean' && !isObject(given))
    throw invalidOption(OWNER, 'given', 'true, false, "only", or options', given)
  const options = isObject(given) ? given : {}
  knownOptions(OWNER, options, ['only', 'streams', 'windowBytes', 'extendedConnect'])
  const { only = given === 'only', streams, windowBytes, extendedConnect = true } = options
  flag('only', only)
  flag('extendedConnect', extendedConnect)
  if (streams !== undefined) integer(OWNER, 'streams', streams, { max: MOST })
  return {
    http1: !only,
    http2: given !== false,
    streams,
    windowBytes:
      windowBytes === undefined ? undefined : sizeBytes(OWNER, 'windowBytes', windowBytes, { max: MOST }),
    extendedConnect,
  }
}

/** @internal What can be agreed on by TLS, the one preferred first. */
export function alpnOf({ http1, http2 }: HttpVersions): readonly string[] {
  return [...(http2 ? ['h2'] : []), ...(http1 ? ['http/1.1'] : [])]
}

const OWNER = 'fakeUpstream.http2'

function flag(option: string, given: boolean): void {
  if (typeof given !== 'boolean') throw invalidOption(OWNER, option, 'true or false', given)
}

function isObject(given: unknown): given is FakeHttp2Options {
  return typeof given === 'object' && given !== null
}
