import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inPieces, pieceSizes } from '../../test/filters/body-pieces.ts'
import { Body, type BodyInit } from '../core/body.ts'
import type { ProxyError } from '../core/errors.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type ValidateOptions, validate } from './validate.ts'

const ORDER = {
  type: 'object',
  required: ['id', 'items'],
  additionalProperties: false,
  properties: {
    id: { type: 'integer' },
    mail: { type: 'string', format: 'email' },
    items: {
      type: 'array',
      maxItems: 1_000,
      items: { type: 'object', required: ['price'], properties: { price: { type: 'number', minimum: 0 } } },
    },
  },
}
const TYPE = { 'content-type': 'application/json' }
const FINE = '{ "id": 1,\t"items": [{"price": 1.50}]}\n'

const asked = (body: BodyInit, headers: Record<string, string> = TYPE) =>
  exchange({ method: 'POST', headers, body: Body.from(body) })

/** The faults that are named, or what else is thrown. */
async function faults(options: ValidateOptions, request: ReturnType<typeof exchange>): Promise<unknown> {
  try {
    await run(validate(options), request)
  } catch (error) {
    const { code, members } = error as ProxyError
    return code === 'request_content_invalid' ? members!.errors : code
  }
  return []
}

describe('validate of content', () => {
  test('sends on byte by byte what fits, for any split into pieces', async () => {
    const filter = validate({ body: ORDER })
    await fc.assert(
      fc.asyncProperty(pieceSizes, async (sizes) => {
        const { calls } = await run(filter, asked(inPieces(Buffer.from(FINE), sizes)))
        expect(String(calls[0]!.body)).toBe(FINE)
      }),
      { numRuns: 20 },
    )
  })

  test.each([
    ['{"id":1}', [{ in: 'body', pointer: '', detail: "must have required property 'items'" }]],
    ['7', [{ in: 'body', pointer: '', detail: 'must be object' }]],
    [
      '{"id":"x","items":[{"price":1},{"price":-1},{}],"mail":"no"}',
      [
        { in: 'body', pointer: '/id', detail: 'must be integer' },
        { in: 'body', pointer: '/mail', detail: 'must match format "email"' },
        { in: 'body', pointer: '/items/1/price', detail: 'must be >= 0' },
        { in: 'body', pointer: '/items/2', detail: "must have required property 'price'" },
      ],
    ],
    [
      '{"id":1,"items":[],"a/b~c":1}',
      [{ in: 'body', pointer: '/a~1b~0c', detail: 'must NOT have additional properties' }],
    ],
    ['', [{ in: 'body', pointer: '', detail: 'must be there' }]],
  ])('finds the faults of %s', async (text, expected) => {
    expect(await faults({ body: ORDER }, asked(text))).toEqual(expected)
    expect(await faults({ body: ORDER }, asked(inPieces(Buffer.from(text), [4])))).toEqual(expected)
  })

  test('names so many faults and no more, of a large document the first alone', async () => {
    const many = (count: number) =>
      JSON.stringify({ id: 1, items: Array.from({ length: count }, () => ({})) })
    expect(await faults({ body: ORDER }, asked(many(50)))).toHaveLength(10)
    expect(await faults({ body: ORDER, maxFaults: 3 }, asked(many(50)))).toHaveLength(3)
    expect(await faults({ body: ORDER, maxFaults: 100 }, asked(many(50)))).toHaveLength(50)
    expect(
      await faults({ body: ORDER, maxFaults: 100 }, asked(`${many(900)}${' '.repeat(4_096)}`)),
    ).toHaveLength(1)
    expect(await faults({ body: ORDER }, asked(`{"id":1,"items":[],"${'x'.repeat(3_000)}":1}`))).toEqual([
      { in: 'body', pointer: `/${'x'.repeat(199)}`, detail: 'must NOT have additional properties' },
    ])
  })

  test.each([
    ['a name twice', '{"id":1,"id":"x","items":[]}', 'request_malformed'],
    ['a prototype', '{"id":1,"items":[],"__proto__":{"admin":true}}', 'request_malformed'],
    ['no JSON', '{"id":', 'request_malformed'],
    ['too much', `"${'x'.repeat(1_048_576)}"`, 'request_body_too_large'],
  ])('refuses %s', async (_, text, code) => {
    expect(await faults({ body: {} }, asked(text))).toBe(code)
  })

  test('refuses another type, and a coding', async () => {
    expect(await faults({ body: ORDER }, asked(FINE, { 'content-type': 'text/plain' }))).toBe(
      'request_content_unsupported',
    )
    expect(
      await faults({ body: ORDER }, asked(gzipSync(FINE), { ...TYPE, 'content-encoding': 'gzip' })),
    ).toBe('request_content_unsupported')
  })

  test('does not take an inherited name for one that is there', async () => {
    const body = { required: ['toString'], properties: { valueOf: { type: 'integer' } } }
    expect(await faults({ body }, asked('{}'))).toEqual([
      { in: 'body', pointer: '', detail: "must have required property 'toString'" },
    ])
  })

  test('lets no pattern look at a text without end', async () => {
    const body = { type: 'string', pattern: '^x*$' }
    expect(await faults({ body }, asked(JSON.stringify('x'.repeat(4_096))))).toEqual([])
    expect(await faults({ body }, asked(JSON.stringify('x'.repeat(4_097))))).toEqual([
      { in: 'body', pointer: '', detail: 'must match pattern "^x*$"' },
    ])
  })

  test('lets no format look at a text without end, but for base64', async () => {
    const long = 'a'.repeat(4_092)
    const body = {
      properties: { d: { format: 'email' }, b: { format: 'byte' }, n: { type: 'number', format: 'double' } },
    }
    expect(
      await faults({ body }, asked(JSON.stringify({ d: `${long}@a.b`, b: long.repeat(4), n: 1 }))),
    ).toEqual([])
    expect(await faults({ body }, asked(JSON.stringify({ d: `${long}@aa.b` })))).toEqual([
      { in: 'body', pointer: '/d', detail: 'must match format "email"' },
    ])
  })

  test('changes nothing in what it has checked', async () => {
    const body = { properties: { n: { type: 'integer', default: 7 } } }
    const { calls } = await run(validate({ body }), asked('{"a": 1e0 }'))
    expect(String(calls[0]!.body)).toBe('{"a": 1e0 }')
    expect(await faults({ body }, asked('{"n":"7"}'))).toEqual([
      { in: 'body', pointer: '/n', detail: 'must be integer' },
    ])
  })

  test('knows of 2020-12 where the schema says so', async () => {
    const body = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'array',
      prefixItems: [{ type: 'string' }],
      items: false,
    }
    expect(await faults({ body }, asked('["a"]'))).toEqual([])
    expect(await faults({ body }, asked('[1]'))).toEqual([
      { in: 'body', pointer: '/0', detail: 'must be string' },
    ])
  })

  test('lets all or nothing through where the schema is true or false', async () => {
    expect(await faults({ body: true }, asked('[]'))).toEqual([])
    expect(await faults({ body: false }, asked('[]'))).toEqual([
      { in: 'body', pointer: '', detail: 'boolean schema is false' },
    ])
  })
})

describe('validate of the head', () => {
  const query = {
    type: 'object',
    additionalProperties: false,
    properties: {
      page: { type: 'integer', minimum: 1 },
      tag: { type: 'array', items: { type: 'string' }, maxItems: 2 },
      q: { type: 'string' },
      all: { type: 'boolean' },
    },
  }

  test.each([
    ['', []],
    ['?page=2&all=true&q=a+b%20c&tag=x', []],
    ['?tag=x&tag=y', []],
    ['?page=0', [{ in: 'query', pointer: '/page', detail: 'must be >= 1' }]],
    ['?page=x', [{ in: 'query', pointer: '/page', detail: 'must be integer' }]],
    ['?page=1&page=2', [{ in: 'query', pointer: '/page', detail: 'must be integer' }]],
    ['?tag=x&tag=y&tag=z', [{ in: 'query', pointer: '/tag', detail: 'must NOT have more than 2 items' }]],
    ['?__proto__=x', [{ in: 'query', pointer: '/__proto__', detail: 'must NOT have additional properties' }]],
    [
      '?constructor',
      [{ in: 'query', pointer: '/constructor', detail: 'must NOT have additional properties' }],
    ],
    ['?q=%ff', [{ in: 'query', pointer: '', detail: 'must be percent-encoded UTF-8' }]],
    ['?q=%', [{ in: 'query', pointer: '', detail: 'must be percent-encoded UTF-8' }]],
  ])('finds in the query %j: %j', async (text, expected) => {
    expect(await faults({ query }, exchange({ url: `/${text}` }))).toEqual(expected)
    expect(({} as Record<string, unknown>).x).toBe(undefined)
  })

  test('finds faults in parameters and fields, all parts in one answer', async () => {
    const options: ValidateOptions = {
      params: { properties: { id: { type: 'string', format: 'uuid' } } },
      headers: {
        required: ['x-tenant'],
        properties: { 'x-tenant': { type: 'string' }, 'x-n': { type: 'integer' } },
      },
      query,
      body: { type: 'object' },
    }
    const request = exchange({
      method: 'POST',
      url: '/?page=x',
      params: { id: '7' },
      headers: { ...TYPE, 'X-N': 'no' },
      body: '[]',
    })
    expect(await faults({ ...options, maxFaults: 100 }, request)).toEqual([
      { in: 'params', pointer: '/id', detail: 'must match format "uuid"' },
      { in: 'query', pointer: '/page', detail: 'must be integer' },
      { in: 'headers', pointer: '', detail: "must have required property 'x-tenant'" },
      { in: 'headers', pointer: '/x-n', detail: 'must be integer' },
      { in: 'body', pointer: '', detail: 'must be object' },
    ])
  })

  test('sends on what it has checked as it came, and reads no content', async () => {
    const { calls } = await run(
      validate({ query }),
      exchange({
        method: 'POST',
        url: '/?page=07&tag=x',
        body: 'no JSON',
        headers: { 'content-type': 'text/plain' },
      }),
    )
    expect([calls[0]!.target, String(calls[0]!.body)]).toEqual(['/?page=07&tag=x', 'no JSON'])
  })

  test('takes any query for faults or for none', async () => {
    const filter = validate({ query })
    await fc.assert(
      fc.asyncProperty(fc.webQueryParameters(), async (text) => {
        const result = run(filter, exchange({ url: `/?${text}` })).then(() => undefined)
        expect([undefined, 'request_content_invalid']).toContain(
          await result.catch((it: ProxyError) => it.code),
        )
      }),
    )
  })
})

test('validate before a service: a problem document, and nothing for the service', async () => {
  await using sim = simulate(
    proxy().route(
      '/orders/:id',
      validate({ body: ORDER, params: { properties: { id: { pattern: '^\\d+$' } } } }),
      pool(['http://u']),
    ),
  )
  sim.upstream('http://u').reply({ status: 201 })
  const refused = await sim.post('/orders/x', { json: { id: 1, items: [{}] } })
  expect([refused.status, refused.headers.get('content-type'), refused.json()]).toEqual([
    422,
    'application/problem+json',
    {
      type: 'urn:gatewright:error:request_content_invalid',
      title: "The request's content is not as it must be",
      status: 422,
      code: 'request_content_invalid',
      detail: 'params/id must match pattern "^\\d+$"',
      errors: [
        { in: 'params', pointer: '/id', detail: 'must match pattern "^\\d+$"' },
        { in: 'body', pointer: '/items/0', detail: "must have required property 'price'" },
      ],
    },
  ])
  const fine = await sim.post('/orders/7', { body: FINE, headers: TYPE })
  const { requests } = sim.upstream('http://u')
  expect([fine.status, requests.length, String(requests[0]!.body)]).toEqual([201, 1, FINE])
  await sim.assertNoLeaks()
})

test.each([
  ['body', {}],
  ['body', { body: 'string' }],
  ['body', { body: [] }],
  ['body', { body: { type: 'strang' } }],
  ['body', { body: { requird: ['a'] } }],
  ['body', { body: { $ref: 'https://elsewhere.example/schema' } }],
  ['body', { body: { format: 'zip-code' } }],
  ['body', { body: { pattern: '(' } }],
  ['body', { body: { $async: true } }],
  ['query', { query: { type: 7 } }],
  ['params', { params: null }],
  ['headers', { headers: 7 }],
  ['maxBytes', { body: {}, maxBytes: 0 }],
  ['maxFaults', { body: {}, maxFaults: 0 }],
  ['maxFaults', { body: {}, maxFaults: 101 }],
  ['schema', { schema: {} }],
])('validate refuses a wrong %s: %j', (option, options) => {
  expect(() => validate(options as ValidateOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
  )
})
