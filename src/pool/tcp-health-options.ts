import { invalidOption, knownOptions } from '../core/options.ts'
import {
  HEALTH,
  PROBE_OPTIONS,
  type ProbeOptions,
  type ProbeSettings,
  probeSettings,
} from './probe-options.ts'

/** How much of what an endpoint says is looked at, and how much is said to it at most. */
export const TALK_BYTES = 4_096

/** Probes by a connection: it passes when it is made, TLS included where the endpoint has it. */
export interface TcpHealthOptions extends ProbeOptions {
  type: 'tcp'
  /** What is sent then, up to 4 KiB: bytes, or a text as UTF-8. Only together with `expect`. Default: nothing. */
  send?: string | Uint8Array
  /**
   * What must come before it passes: bytes or a text that must stand somewhere in the first 4 KiB, or a pattern that must
   * match these, as UTF-8. Default: nothing need come.
   */
  expect?: string | Uint8Array | RegExp
}

const OPTIONS = ['type', 'send', 'expect'] satisfies Exclude<keyof TcpHealthOptions, keyof ProbeOptions>[]

/** The options, checked. */
export interface TcpHealthSettings extends ProbeSettings {
  readonly type: 'tcp'
  readonly send: Buffer | undefined
  readonly expect: Buffer | RegExp | undefined
}

/** Checks the options and fills in the defaults. */
export function tcpHealthSettings(options: TcpHealthOptions): TcpHealthSettings {
  knownOptions(HEALTH, options, [...OPTIONS, ...PROBE_OPTIONS])
  const { send, expect } = options
  if (send !== undefined && expect === undefined)
    throw invalidOption(HEALTH, 'send', 'left out, or given together with expect', send)
  return {
    ...probeSettings(options),
    type: 'tcp',
    send: send === undefined ? undefined : bytesOf('send', send, ''),
    expect:
      expect === undefined || expect instanceof RegExp ? expect : bytesOf('expect', expect, ', or a pattern'),
  }
}

/** A copy, so that nobody changes it later. */
function bytesOf(option: string, value: string | Uint8Array, or: string): Buffer {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const bytes = Buffer.from(value)
    if (bytes.length > 0 && bytes.length <= TALK_BYTES) return bytes
  }
  throw invalidOption(HEALTH, option, `a text or bytes, from 1 to ${TALK_BYTES} of them${or}`, value)
}
