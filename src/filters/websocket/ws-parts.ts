import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'

/** Reads frames: bytes are written to it, and messages, pings and the like come out as events. */
export interface Receiver extends Writable {
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): this
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this
  on(event: string, listener: (...args: never[]) => void): this
}

export interface FrameOptions {
  readonly fin: boolean
  readonly opcode: number
  readonly mask: boolean
  /** Whether the data must stay as they are: masking changes them otherwise. */
  readonly readOnly: boolean
  readonly rsv1: boolean
}

/** Parameters of an extension as they are written: each with its values; `true` is none. */
export type ExtensionParams = Record<string, (string | true)[]>

/** Compression by `permessage-deflate` (RFC 7692), for one side of a connection. */
export interface PerMessageDeflate {
  /** Takes what was agreed on. Throws where it is malformed. */
  accept(configurations: ExtensionParams[]): unknown
  compress(data: Buffer, fin: boolean, callback: (error: Error | null, data: Buffer) => void): void
  cleanup(): void
}

/** What this filter uses of `ws`: its parts below the `WebSocket` class, of which its type definitions know nothing. */
export interface WsParts {
  readonly Receiver: new (options: {
    isServer: boolean
    extensions: Record<string, PerMessageDeflate>
    maxPayload: number
    maxFragments: number
    maxBufferedChunks: number
  }) => Receiver
  readonly Sender: { frame(data: Buffer, options: FrameOptions): Buffer[] }
  readonly PerMessageDeflate: new (options: { isServer: boolean; maxPayload: number }) => PerMessageDeflate
  readonly extension: {
    /** Throws a `SyntaxError` for what is no list of extensions. */
    parse(field: string): Record<string, ExtensionParams[] | undefined>
    format(extensions: Record<string, ExtensionParams[]>): string
  }
}

/** Loads `ws` when it is first needed: who imports another filter does not load it. */
export function wsParts(): WsParts {
  return createRequire(import.meta.url)('ws') as WsParts
}
