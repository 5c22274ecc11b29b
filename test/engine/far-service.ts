import type { CutWire } from './cut-wire.ts'
import type { FarEnd, Version } from './far-end.ts'
import { Http1Service } from './far-end-http1.ts'
import { type Http2Connection, Http2Service } from './far-end-http2.ts'

/** A connection that has come to a service. `begin` is given each WebSocket that is asked for on it. */
export function serve(
  version: Version,
  wire: CutWire,
  frames: readonly Buffer[],
  begin: (end: FarEnd) => void,
): Http2Connection | undefined {
  if (version === 'HTTP/2') return new Http2Service(wire, frames, begin)
  begin(new Http1Service(wire, frames))
  return undefined
}
