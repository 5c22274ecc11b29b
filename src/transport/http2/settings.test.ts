import { describe, expect, test } from 'vitest'
import { ErrorCode, errorCodeName, Http2Fault } from './error-codes.ts'
import { SettingId, Settings } from './settings.ts'

function codeOf(sender: 'client' | 'server', id: number, value: number): string | undefined {
  try {
    new Settings(sender).apply(id, value)
  } catch (thrown) {
    if (thrown instanceof Http2Fault && thrown.scope === 'connection') return errorCodeName(thrown.code)
    throw thrown
  }
  return undefined
}

describe('Settings', () => {
  test('begin as RFC 9113 section 6.5.2 has them', () => {
    expect(new Settings('client')).toMatchObject({
      headerTableSize: 4096,
      enablePush: 1,
      maxConcurrentStreams: Number.POSITIVE_INFINITY,
      initialWindowSize: 65_535,
      maxFrameSize: 16_384,
      maxHeaderListSize: Number.POSITIVE_INFINITY,
      enableConnectProtocol: 0,
      noRfc7540Priorities: 0,
    })
  })

  test('take each value that they may have, and tell what was there before', () => {
    for (const [name, id] of Object.entries(SettingId)) {
      const settings = new Settings('client')
      const before = settings[name as keyof typeof SettingId]
      const value = name === 'maxFrameSize' ? 16_385 : 1
      expect([settings.apply(id, value), settings.apply(id, value)]).toEqual([before, value])
      expect(settings[name as keyof typeof SettingId]).toBe(value)
    }
  })

  test('ignore what is not known', () => {
    for (const id of [0, 7, 10, 0xffff]) expect(new Settings('client').apply(id, 2 ** 32 - 1)).toBe(undefined)
  })

  test.each([
    ['client', SettingId.enablePush, 2, 'PROTOCOL_ERROR'],
    ['client', SettingId.enablePush, 1, undefined],
    ['server', SettingId.enablePush, 1, 'PROTOCOL_ERROR'],
    ['server', SettingId.enablePush, 0, undefined],
    ['client', SettingId.initialWindowSize, 2 ** 31 - 1, undefined],
    ['client', SettingId.initialWindowSize, 2 ** 31, 'FLOW_CONTROL_ERROR'],
    ['client', SettingId.maxFrameSize, 16_383, 'PROTOCOL_ERROR'],
    ['client', SettingId.maxFrameSize, 16_384, undefined],
    ['client', SettingId.maxFrameSize, 2 ** 24 - 1, undefined],
    ['client', SettingId.maxFrameSize, 2 ** 24, 'PROTOCOL_ERROR'],
    ['server', SettingId.enableConnectProtocol, 1, undefined],
    ['server', SettingId.enableConnectProtocol, 2, 'PROTOCOL_ERROR'],
    ['server', SettingId.noRfc7540Priorities, 1, undefined],
    ['server', SettingId.noRfc7540Priorities, 2, 'PROTOCOL_ERROR'],
    ['client', SettingId.headerTableSize, 2 ** 32 - 1, undefined],
    ['client', SettingId.maxConcurrentStreams, 0, undefined],
    ['client', SettingId.maxHeaderListSize, 0, undefined],
  ] as const)('of a %s: %d may be %d: %s', (sender, id, value, code) => {
    expect(codeOf(sender, id, value)).toBe(code)
  })

  test('do not take back the CONNECT protocol', () => {
    const settings = new Settings('server')
    settings.apply(SettingId.enableConnectProtocol, 1)
    settings.apply(SettingId.enableConnectProtocol, 1)
    expect(() => settings.apply(SettingId.enableConnectProtocol, 0)).toThrow(Http2Fault)
  })
})

describe('errorCodeName', () => {
  test('is that of the RFC, or a number', () => {
    expect(errorCodeName(ErrorCode.HTTP_1_1_REQUIRED)).toBe('HTTP_1_1_REQUIRED')
    expect(errorCodeName(0xdead)).toBe('0xdead')
  })
})
