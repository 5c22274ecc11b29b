import { expect, test } from 'vitest'
import { framed } from '../../test/http2/grpc-health-peer.ts'
import { healthCheckRequest, servingStatus } from './grpc-health-message.ts'

test.each([
  ['', '0000000000'],
  ['a.B', '0000000005' + '0a03' + '612e42'],
  ['x'.repeat(127), `0000000081${'0a7f'}${'78'.repeat(127)}`],
  ['x'.repeat(200), `00000000cb${'0ac801'}${'78'.repeat(200)}`],
  ['x'.repeat(256), `0000000103${'0a8002'}${'78'.repeat(256)}`],
])('a request for the service %s has the right bytes', (service, hex) => {
  expect(healthCheckRequest(service).toString('hex')).toBe(hex)
})

test.each<[string, string | undefined, string]>([
  ['nothing, for zero is left out', 'UNKNOWN', ''],
  ['0', 'UNKNOWN', '0800'],
  ['1', 'SERVING', '0801'],
  ['2', 'NOT_SERVING', '0802'],
  ['3', 'SERVICE_UNKNOWN', '0803'],
  ['a status that nobody knows yet', 'serving status 300', '08ac02'],
  ['the last of several', 'SERVING', '08020801'],
  ['one in more bytes than it needs', 'SERVING', '08818000'],
  [
    'other fields before and behind',
    'SERVING',
    '1096011d01020304' + '0801' + '1a026162' + '210102030405060708',
  ],
  ['a negative one, in ten bytes', 'serving status 18446744073709552000', '08ffffffffffffffffff01'],
  ['a varint that does not end', undefined, '0880'],
  ['a varint of eleven bytes', undefined, '08ffffffffffffffffffff01'],
  ['a status that is no varint', undefined, '0a0101'],
  ['a field of number 0', undefined, '0001'],
  ['a tag alone', undefined, '08'],
  ['a field that is longer than the message', undefined, '1a0561'],
  ['four bytes of which three came', undefined, '15010203'],
  ['eight bytes of which seven came', undefined, '1101020304050607'],
  ['a group', undefined, '1314'],
])('a response with %s is read as %s', (_, status, hex) => {
  expect(servingStatus(framed(Buffer.from(hex, 'hex')))).toBe(status)
})

test.each<[string, Buffer]>([
  ['nothing at all', Buffer.alloc(0)],
  ['half of the framing', Buffer.alloc(4)],
  ['a compressed message', framed(Buffer.of(8, 1), 1)],
  ['a message that is shorter than it says', framed(Buffer.of(8, 1)).subarray(0, 6)],
  ['two messages', Buffer.concat([framed(Buffer.of(8, 1)), framed(Buffer.of(8, 1))])],
])('%s is no response', (_, bytes) => {
  expect(servingStatus(bytes)).toBe(undefined)
})
