import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { formatHttpDate } from './http-date.ts'
import { reusedHead, storedHead } from './stored-head.ts'

const T = Date.UTC(2026, 10, 26, 12)
const now = formatHttpDate(T)
const earlier = formatHttpDate(T - 60_000)

describe('storedHead', () => {
  test.each<[rule: string, fields: [string, string][], without: string[], stored: [string, string][]]>([
    [
      '9111 3.1 order and case are kept',
      [
        ['x-B', '1'],
        ['A', '2'],
        ['x-b', '3'],
        ['Date', earlier],
      ],
      [],
      [
        ['x-B', '1'],
        ['A', '2'],
        ['x-b', '3'],
        ['Date', earlier],
      ],
    ],
    ...[
      'Connection',
      'Keep-Alive',
      'Proxy-Connection',
      'TE',
      'Transfer-Encoding',
      'Upgrade',
      'Proxy-Authenticate',
      'Proxy-Authorization',
      'Proxy-Authentication-Info',
    ].map((name): [string, [string, string][], string[], [string, string][]] => [
      `9111 3.1 ${name}`,
      [
        [name, 'x'],
        ['Date', now],
      ],
      [],
      [['Date', now]],
    ]),
    [
      '9111 3.1 named by Connection',
      [
        ['Connection', 'close, X-Hop'],
        ['x-hop', '1'],
        ['A', '1'],
        ['Date', now],
      ],
      [],
      [
        ['A', '1'],
        ['Date', now],
      ],
    ],
    [
      '9111 3.1 on two lines',
      [
        ['Connection', 'a'],
        ['Connection', 'B'],
        ['A', '1'],
        ['B', '1'],
        ['Date', now],
      ],
      [],
      [['Date', now]],
    ],
    [
      '9111 5.2.2.4 left out',
      [
        ['Set-Cookie', 'a'],
        ['set-cookie', 'b'],
        ['X', '1'],
        ['Date', now],
      ],
      ['set-cookie'],
      [
        ['X', '1'],
        ['Date', now],
      ],
    ],
    [
      '9110 6.6.1 no Date',
      [['A', '1']],
      [],
      [
        ['A', '1'],
        ['Date', now],
      ],
    ],
    [
      '9110 6.6.1 a Date that cannot be read',
      [
        ['Date', 'x'],
        ['A', '1'],
      ],
      [],
      [
        ['Date', now],
        ['A', '1'],
      ],
    ],
    [
      '9110 6.6.1 two that differ',
      [
        ['Date', now],
        ['Date', earlier],
      ],
      [],
      [['Date', now]],
    ],
  ])('%s', (_rule, fields, without, stored) => {
    expect([...storedHead(HeaderList.from(fields), without, T)]).toEqual(stored)
  })
})

describe('reusedHead', () => {
  test('has the age of now in place of all others (RFC 9111 section 5.1)', () => {
    const stored = HeaderList.from([
      ['Age', '5'],
      ['A', '1'],
      ['age', '6'],
    ])
    expect([...reusedHead(stored, 61_999)]).toEqual([
      ['Age', '61'],
      ['A', '1'],
    ])
    expect([...stored]).toHaveLength(3)
  })

  test('has an age where the stored head had none (RFC 9111 section 4)', () => {
    expect([...reusedHead(new HeaderList(), 0)]).toEqual([['Age', '0']])
  })
})
