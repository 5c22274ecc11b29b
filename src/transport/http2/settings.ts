import { ErrorCode, Http2Fault } from './error-codes.ts'

/** RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1. */
export const SettingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
  noRfc7540Priorities: 0x9,
} as const

/** What a flow-control window may be at most, and a stream identifier too. */
export const MAX_WINDOW: number = 2 ** 31 - 1

/** What every endpoint takes as a frame's payload, and what it may offer to take. */
export const MIN_MAX_FRAME_SIZE = 16_384
export const MAX_MAX_FRAME_SIZE: number = 2 ** 24 - 1

/** The settings of one side, as it has told them: what the other side may send to it. */
export class Settings {
  /** Bytes of the table that decodes our field blocks. */
  headerTableSize = 4096
  /** Nothing is pushed through this proxy, so this is known and not used. */
  enablePush = 1
  /** Streams that we may have open at once. */
  maxConcurrentStreams: number = Number.POSITIVE_INFINITY
  /** Bytes of a new stream's body that we may send at once. */
  initialWindowSize = 65_535
  /** Bytes of a frame's payload that we may send. */
  maxFrameSize: number = MIN_MAX_FRAME_SIZE
  /** Bytes of a field section, as section 6.5.2 counts them, that it is ready to take. Advice. */
  maxHeaderListSize: number = Number.POSITIVE_INFINITY
  /** Whether it takes CONNECT requests with a `:protocol` (RFC 8441). */
  enableConnectProtocol = 0
  /** Whether it leaves the priorities of RFC 7540 alone (RFC 9218). */
  noRfc7540Priorities = 0
  readonly #sender: 'client' | 'server'

  constructor(sender: 'client' | 'server') {
    this.#sender = sender
  }

  /**
   * Takes a value over. Returns what it was before, or `undefined` for a setting that is not known, which is ignored. Throws an
   * `Http2Fault` of the connection for a value that is none.
   */
  apply(id: number, value: number): number | undefined {
    const name = NAMES[id]
    if (name === undefined) return undefined
    const before = this[name]
    switch (id) {
      case SettingId.enablePush:
        // A server pushes; it has nothing pushed to it.
        if (value > 1 || (value === 1 && this.#sender === 'server')) throw badValue(name, value)
        break
      case SettingId.initialWindowSize:
        if (value > MAX_WINDOW) throw badValue(name, value, ErrorCode.FLOW_CONTROL_ERROR)
        break
      case SettingId.maxFrameSize:
        if (value < MIN_MAX_FRAME_SIZE || value > MAX_MAX_FRAME_SIZE) throw badValue(name, value)
        break
      case SettingId.enableConnectProtocol:
        // RFC 8441 section 3: what was offered stays offered.
        if (value > 1 || value < before) throw badValue(name, value)
        break
      case SettingId.noRfc7540Priorities:
        if (value > 1) throw badValue(name, value)
        break
    }
    this[name] = value
    return before
  }
}

const NAMES: readonly (keyof typeof SettingId | undefined)[] = settingNames()

function settingNames(): (keyof typeof SettingId | undefined)[] {
  const names: (keyof typeof SettingId | undefined)[] = []
  for (let id = 0; id <= SettingId.noRfc7540Priorities; id++) names.push(undefined)
  for (const name of Object.keys(SettingId) as (keyof typeof SettingId)[]) names[SettingId[name]] = name
  return names
}

function badValue(name: string, value: number, code: number = ErrorCode.PROTOCOL_ERROR): Http2Fault {
  return new Http2Fault(code, `a SETTINGS frame with ${value} as ${name}`)
}
