import { describe, expect, test } from 'vitest'
import { OptionError } from '../core/options.ts'
import { websocket } from './websocket.ts'

describe('websocket', () => {
  test.each([
    [{ onMessage: 'x' }, 'onMessage'],
    [{ maxMessageBytes: 0 }, 'maxMessageBytes'],
    [{ maxMessageBytes: '2gb' }, 'maxMessageBytes'],
    [{ maxMessageBytes: Number.POSITIVE_INFINITY }, 'maxMessageBytes'],
    [{ maxQueued: 0 }, 'maxQueued'],
    [{ compression: 'yes' }, 'compression'],
    [{ pingMs: 0 }, 'pingMs'],
    [{ pingMs: '30s', pingTimeoutMs: 0 }, 'pingTimeoutMs'],
    [{ pingTimeoutMs: '10s' }, 'pingTimeoutMs'],
    [{ onmessage: () => {} }, 'onmessage'],
    [null, 'options'],
  ])('refuses %j, and names %s', (options, option) => {
    let thrown: unknown
    try {
      websocket(options as never)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(OptionError)
    expect(thrown).toMatchObject({ code: 'ERR_OPTION_INVALID', option })
  })

  test('has the name that lists of filters show', () => {
    expect(websocket().name).toBe('websocket')
  })
})
