import { integer, knownOptions, type Size, sizeBytes } from '../../core/options.ts'

/** HTTP/2 on a listener. Head sizes, body sizes and times are those of `limits`. */
export interface Http2Options {
  /** Streams of one connection at a time; further ones are refused, and clients try again. From 1 to 10 000; default 128. */
  streams?: number
  /** Of one request's body, what may come before it is read: 64 KiB to 16 MiB. Default 256 KiB. */
  streamWindowBytes?: Size
  /** The same of all requests of a connection together: 64 KiB to 64 MiB. Default 1 MiB. */
  connectionWindowBytes?: Size
}

export interface Http2Settings {
  readonly streams: number
  readonly streamWindowBytes: number
  readonly connectionWindowBytes: number
}

/** Checks the options and fills in the defaults. */
export function http2Settings(options: Http2Options): Http2Settings {
  const owner = 'http2'
  knownOptions(owner, options, [
    'streams',
    'streamWindowBytes',
    'connectionWindowBytes',
  ] satisfies (keyof Http2Options)[])
  const { streams = 128, streamWindowBytes = 262_144, connectionWindowBytes = 1_048_576 } = options
  return {
    streams: integer(owner, 'streams', streams, { min: 1, max: 10_000 }),
    ...windowSizes(owner, streamWindowBytes, connectionWindowBytes),
  }
}

/** Checks the two sizes of flow control: of one body, and of all of a connection together. */
export function windowSizes(
  owner: string,
  streamWindowBytes: Size,
  connectionWindowBytes: Size,
): { readonly streamWindowBytes: number; readonly connectionWindowBytes: number } {
  return {
    // Before a peer has heard of another window, it takes 65 535 bytes for granted.
    streamWindowBytes: sizeBytes(owner, 'streamWindowBytes', streamWindowBytes, {
      min: 65_536,
      max: 2 ** 24,
    }),
    connectionWindowBytes: sizeBytes(owner, 'connectionWindowBytes', connectionWindowBytes, {
      min: 65_536,
      max: 2 ** 26,
    }),
  }
}
