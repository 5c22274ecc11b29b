import { describe, expect, test } from 'vitest'
import {
  MALFORMED_REQUESTS,
  MALFORMED_RESPONSES,
  type MessageCase,
} from '../../../test/http1/malformed-messages.ts'
import { nodeReadsRequest } from '../../../test/http1/node-parser.ts'
import {
  cutAt,
  everyByte,
  type Reading,
  readRequest,
  readResponse,
} from '../../../test/http1/read-message.ts'

/** Every place at which a message is cut in two; for a long one every place near its ends, and some between. */
function cuts({ length }: string): number[] {
  const places: number[] = []
  for (let i = 1; i < length; i += i < 300 || i > length - 300 ? 1 : 997) places.push(i)
  return places
}

/** The status a client gets for what was read of its request, as `requestError` in server-connection.ts. */
function statusOf({ verdict, fault, part }: Reading): MessageCase['verdict'] {
  switch (verdict) {
    case 'accept':
    case 'incomplete':
      return verdict
    case 'malformed':
      return 400
    case 'too-large':
      return part === 'body' && fault?.startsWith('a body') ? 413 : 431
    case 'target-too-long':
      return 414
    case 'coding':
      return 501
    case 'version':
      return 505
  }
}

function upstreamStatusOf({ verdict }: Reading): MessageCase['verdict'] {
  return verdict === 'accept' || verdict === 'incomplete' ? verdict : 502
}

const SIDES = [
  {
    side: 'request',
    messages: MALFORMED_REQUESTS,
    read: (pieces: Buffer[]) => readRequest(pieces),
    statusOf,
  },
  {
    side: 'response',
    messages: MALFORMED_RESPONSES,
    read: (pieces: Buffer[]) => readResponse(pieces),
    statusOf: upstreamStatusOf,
  },
]

describe.each(SIDES)('a $side', ({ messages, read, statusOf }) => {
  test.each(messages)('$name: $verdict (RFC $rfc)', ({ bytes, verdict }) => {
    const whole = read(cutAt(bytes, []))
    expect({ verdict: statusOf(whole), fault: whole.fault }).toEqual({ verdict, fault: whole.fault })
    expect(read(everyByte(bytes))).toEqual(whole)
    for (const place of cuts(bytes)) {
      const cut = read(cutAt(bytes, [place]))
      if (JSON.stringify(cut) !== JSON.stringify(whole))
        expect({ place, ...cut }).toEqual({ place, ...whole })
    }
  })
})

test('the table has every verdict, and no message twice', () => {
  const all = [...MALFORMED_REQUESTS, ...MALFORMED_RESPONSES]
  expect(all.filter(({ verdict }) => typeof verdict === 'number').length).toBeGreaterThan(250)
  expect(new Set(all.map(({ verdict }) => verdict))).toEqual(
    new Set(['accept', 'incomplete', 400, 413, 414, 431, 501, 502, 505]),
  )
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
})

/** Node's parser knows some methods alone. */
const UNKNOWN_TO_NODE = [
  'request line: a method nobody knows',
  'request line: a lower-case method, which is another method',
]

test.each(
  MALFORMED_REQUESTS.filter(({ name, verdict }) => verdict === 'accept' && !UNKNOWN_TO_NODE.includes(name)),
)('Node takes it too: $name', async ({ bytes }) => {
  const { complete, error } = await nodeReadsRequest(bytes)
  expect({ complete, error }).toEqual({ complete: true, error: undefined })
})
