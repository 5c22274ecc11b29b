import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type Field, paths } from '../../../test/http2/field-lists.ts'
import { NodeClient, type NodePeerOptions, NodeServer } from '../../../test/http2/node-http2.ts'
import { STATIC_FIELDS } from './static-table.ts'

/** A server and a client of node:http2, each with our other end. */
const PEERS = [
  { name: 'a server of node:http2', make: (options?: NodePeerOptions) => new NodeServer(options) },
  { name: 'a client of node:http2', make: (options?: NodePeerOptions) => new NodeClient(options) },
]

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const peer of open.splice(0)) await peer.close()
})

const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a.example'],
  [':path', '/'],
]
const OK: readonly Field[] = [[':status', '200']]

/** Node adds a date to a response, and puts control data first, in an order of its own. */
function sorted(fields: readonly Field[]): string[] {
  return fields
    .filter(([name]) => name !== 'date')
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
}

/** Fields that node does not take with the value of the table: with another, the name is still that of the table. */
const NEVER_EMPTY: Readonly<Record<string, string>> = { 'content-length': '0', host: 'a.example' }

/** Bytes that a field value may have (RFC 9110 section 5.5), and that nghttp2 lets through. */
const VALUE_BYTES = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f),
)

describe.each(PEERS)('$name', ({ make }) => {
  function peer(options?: NodePeerOptions): NodeServer | NodeClient {
    const made = make(options)
    open.push(made)
    return made
  }

  async function expectSame(
    connection: NodeServer | NodeClient,
    request: readonly Field[],
    response: readonly Field[],
  ): Promise<void> {
    const { node, ours } = await connection.exchange({ head: request }, { head: response })
    const [sentToNode, sentToUs] =
      connection instanceof NodeServer ? [request, response] : [response, request]
    expect(sorted(node.head)).toEqual(sorted(sentToNode))
    expect(sorted(ours.sections[0]!)).toEqual(sorted(sentToUs))
    expect(connection.ours.fault).toBe(undefined)
  }

  test('has the same static table', async () => {
    const connection = peer()
    for (const [name, value] of STATIC_FIELDS) {
      // Neither side takes this field in HTTP/2.
      if (name === 'transfer-encoding') continue
      let request = GET
      let response = OK
      if (name === ':status') response = [[name, value]]
      else if (name === ':authority') request = GET
      else if (name.startsWith(':')) request = GET.map((it): Field => (it[0] === name ? [name, value] : it))
      else {
        const field: Field = [name, NEVER_EMPTY[name] ?? value]
        request = [...GET, field]
        response = [...OK, field]
      }
      await expectSame(connection, request, response)
    }
  })

  test('has the same Huffman code, for each byte of a field value', async () => {
    const connection = peer()
    for (let at = 0; at < VALUE_BYTES.length; at += 16) {
      const fields = VALUE_BYTES.slice(at, at + 16).flatMap((byte): Field[] => {
        const character = String.fromCharCode(byte)
        // Digits have short codes, so that this is shorter in Huffman code whatever the byte; and one that we write plain.
        return [
          [`x-${byte}`, `${'0'.repeat(1 + (byte % 8))}${character}${'0'.repeat(40)}`],
          ['etag', `a${character}b`],
        ]
      })
      await expectSame(
        connection,
        [...GET, ...fields.filter(([name]) => name !== 'etag')],
        [...OK, ...fields.filter(([name]) => name !== 'etag')],
      )
      for (const field of fields.filter(([name]) => name === 'etag'))
        await expectSame(connection, [...GET, field], [...OK, field])
    }
  })

  describe.each([
    { node: 4096, ours: 4096 },
    { node: 0, ours: 4096 },
    { node: 100, ours: 100 },
    { node: 65_536, ours: 0 },
    { node: 300, ours: 65_536 },
  ])('with a table of $node bytes at its side, and $ours at ours', ({ node, ours }) => {
    test('reads what we write, and writes what we read, message after message', async () => {
      const name = fc.oneof(
        fc.constantFrom(
          'accept',
          'content-type',
          'server',
          'x-a',
          'x-b',
          'cache-control',
          'authorization',
          'etag',
        ),
        fc.stringMatching(/^x-[a-z0-9]{1,20}$/),
      )
      const value = fc.oneof(
        fc.constantFrom('', 'a', 'text/html', 'no-cache', 'x'.repeat(90)),
        fc
          .array(fc.constantFrom(...VALUE_BYTES), { maxLength: 60 })
          .map((bytes) => Buffer.from(bytes).toString('latin1').trim()),
      )
      const fields = fc.uniqueArray(fc.tuple(name, value), { maxLength: 10, selector: ([it]) => it })
      const messages = fc.array(fc.tuple(fields, fields, paths), { minLength: 30, maxLength: 30 })
      await fc.assert(
        fc.asyncProperty(messages, async (list) => {
          const connection = make({ settings: { headerTableSize: node }, tableBytes: ours })
          for (const [request, response, path] of list) {
            const head = GET.map((it): Field => (it[0] === ':path' ? [':path', path] : it))
            await expectSame(connection, [...head, ...request], [...OK, ...response])
          }
          await connection.close()
        }),
        { numRuns: 2 },
      )
    })
  })

  test('takes blocks that need CONTINUATION, and sends them', async () => {
    const connection = peer()
    const fields = Array.from({ length: 20 }, (_, i): Field => [`x-${i}`, `${'~^'.repeat(1000)}${i}`])
    await expectSame(connection, [...GET, ...fields], [...OK, ...fields])
    await expectSame(connection, [...GET, ...fields], [...OK, ...fields])
  })

  test.each([false, true])('takes bodies and trailers, and sends them (padded: %s)', async (pads) => {
    const connection = peer({ pads })
    for (const size of [0, 1, 1000, 16_384, 16_385, 50_000]) {
      const body = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) % 256))
      const trailers: Field[] = [
        ['x-checksum', String(size)],
        ['grpc-status', '0'],
      ]
      const message = { body, trailers }
      const request = {
        head: GET.map((it): Field => (it[0] === ':method' ? [':method', 'POST'] : it)),
        ...message,
      }
      const { node, ours } = await connection.exchange(request, { head: OK, ...message })
      expect([node.body.equals(body), ours.body.equals(body)]).toEqual([true, true])
      expect([sorted(node.trailers), sorted(ours.sections[1]!)]).toEqual([sorted(trailers), sorted(trailers)])
    }
  })

  test('answers our PING, has its own answered, and says why it goes away', async () => {
    const connection = peer()
    await expectSame(connection, GET, OK)
    connection.ours.writer.ping(Buffer.from('question'), false)
    connection.ours.writer.flush()
    const session = await connection.node
    const answer = await new Promise((resolve, reject) => {
      session.ping(Buffer.from('12345678'), (error, _, data) => {
        if (error === null) resolve(String(data))
        else reject(error)
      })
    })
    expect(answer).toBe('12345678')
    session.goaway(2, 0, Buffer.from('bye'))
    await connection.ours.sees(/^goaway \d+ 2 bye$/)
    expect(connection.ours.seen.slice(0, 4).sort()).toEqual([
      'ping 12345678',
      'ping-ack question',
      'settings',
      'settings-ack',
    ])
  })
})
