import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pool, proxy } from '../../index.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { rawClient } from '../network/raw-client.ts'
import { simulate } from '../simulation/simulate.ts'
import { virtualClock } from '../virtual-clock.ts'
import type { RecordedBody } from './recorded-body.ts'
import type { RecordedExchange } from './recording-file.ts'
import { type ReplayUpstreamOptions, recordedAnswers, replayUpstream } from './replay-upstream.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replay-'))
  file = join(folder, 'recording.json')
})

afterEach(() => rmSync(folder, { recursive: true }))

/** `METHOD target`, a request body where there is one, and the text that was answered. */
function exchange(request: string, answer: string, body?: RecordedBody, more = {}): RecordedExchange {
  const [method = '', target = ''] = request.split(' ')
  return {
    pool: 'users',
    endpoint: 'http://users',
    request: { method, target, headers: [], ...(body !== undefined && { body }) },
    response: { status: 200, afterMs: 30, headers: [], body: { text: answer }, ...more },
  }
}

function write(...exchanges: readonly RecordedExchange[]): void {
  writeFileSync(file, JSON.stringify({ format: 'gatewright-recording', version: 1, exchanges }))
}

/** What is answered to `METHOD target` or `METHOD target body`, one after the other. */
async function answers(
  requests: readonly string[],
  options: Pick<ReplayUpstreamOptions, 'latency' | 'pool' | 'matchBody'> = {},
) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const upstream = await replayUpstream(file, { network, clock, host: 'users', port: 80, ...options }).start()
  const client = await clock.until(rawClient(network, upstream.url))
  const from = clock.now()
  const texts: string[] = []
  for (const request of requests) {
    const [, start = '', body = ''] = /^(\S+ \S+) ?(.*)$/s.exec(request)!
    await client.send(
      `${start} HTTP/1.1\r\nHost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    const answer = await clock.until(client.response())
    texts.push(answer.status === 200 ? answer.body.toString() : `${answer.status} ${answer.body.toString()}`)
  }
  const tookMs = clock.now() - from
  await client.close()
  await upstream.close()
  expect(clock.pending).toBe(0)
  return { texts, tookMs, errors: upstream.errors.map((error) => (error as Error).message) }
}

describe('replayUpstream', () => {
  test('tells requests apart by method and target, in whatever order the parameters are', async () => {
    write(
      exchange('GET /a', 'plain'),
      exchange('POST /a', 'posted'),
      exchange('GET /a?x=1&y=%20&x=2', 'both'),
      exchange('GET /a?x=2&x=2&y=%20', 'twice'),
    )
    const asked = ['GET /a?y=+&x=2&x=1', 'POST /a', 'GET /a', 'GET /a?x=2&y=%20&x=2']
    expect((await answers(asked)).texts).toEqual(['both', 'posted', 'plain', 'twice'])
  })

  test('compares JSON as a value, in bodies and parameters, and prefers what is the same to what fits', async () => {
    write(
      exchange('POST /a?filter={"x":1,"y":[2]}', 'parameter'),
      exchange('POST /b', 'fits', { json: { a: 'REDACTED', b: 2 } }),
      exchange('POST /b', 'same', { json: { a: 1, b: 2 } }),
    )
    const filter = encodeURIComponent('{"y":[2],"x":1}')
    const asked = [`POST /a?filter=${filter}`, 'POST /b { "b": 2, "a": 1 }', 'POST /b {"b":2,"a":0}']
    expect((await answers(asked)).texts).toEqual(['parameter', 'same', 'fits'])
  })

  test('gives the answers to the same request in their order, the last one again after that', async () => {
    write(
      exchange('GET /a?x=1&y=2', 'first'),
      exchange('GET /b', 'other'),
      exchange('GET /a?y=2&x=1', 'second'),
    )
    const same = 'GET /a?x=1&y=2'
    expect((await answers([same, 'GET /b', same, same])).texts).toEqual([
      'first',
      'other',
      'second',
      'second',
    ])
  })

  test('lets anything stand where something was redacted, and prefers what was not', async () => {
    write(
      exchange('GET /a?token=REDACTED&x=1', 'any token'),
      exchange('GET /a?token=none&x=1', 'this token'),
      exchange('GET /cards/REDACTED/info', 'card'),
    )
    const asked = ['GET /a?x=1&token=q', 'GET /a?x=1&token=none', 'GET /cards/4711/info']
    expect((await answers(asked)).texts).toEqual(['any token', 'this token', 'card'])
    const { texts } = await answers(['GET /a?x=2&token=q', 'GET /a?x=1', 'GET /cards/4711/infos'])
    expect(texts.map((it) => it.slice(0, 3))).toEqual(['501', '501', '501'])
    write(exchange('GET /a?id=REDACTED&id=1', 'both'))
    expect((await answers(['GET /a?id=1&id=2', 'GET /a?id=2&id=1'])).texts).toEqual(['both', 'both'])
  })

  test('goes by the body', async () => {
    write(
      exchange('POST /login', 'ann', { json: { user: 'ann', password: 'REDACTED', at: [1, null] } }),
      exchange('POST /login', 'bob', { json: { user: 'bob', password: 'REDACTED', at: [1, null] } }),
      exchange('POST /form', 'a', { text: 'user=a&password=REDACTED' }),
      exchange('POST /form', 'b', { text: 'user=b&password=REDACTED' }),
      exchange('POST /form', 'bytes', { base64: '/w==' }),
      exchange('POST /one', 'one', { text: 'that' }),
      exchange('POST /half', 'unknown', { omitted: 'it was not sent whole' }),
      exchange('POST /half', 'known', { text: 'known' }),
    )
    const { texts } = await answers([
      'POST /login { "at": [1, null], "password": {"a": 1}, "user": "bob" }',
      'POST /login {"user":"ann","password":"x","at":[1,null]}',
      'POST /form user=b&password=x',
      'POST /form user=a&password=',
      'POST /one that',
      'POST /half known',
      'POST /half other',
    ])
    expect(texts).toEqual(['bob', 'ann', 'b', 'a', 'one', 'known', 'unknown'])
    for (const body of [
      '{"user":"eve","password":"x","at":[1,null]}',
      '{"user":"ann","password":"x","at":[1]}',
      '{"user":"ann","at":[1,null]}',
      '{"user":"ann","password":"x","at":[1,null],"more":1}',
      '[]',
      'user=ann',
    ]) {
      expect((await answers([`POST /login ${body}`])).texts[0]).toMatch(/^501/)
    }
    const another = await answers(['POST /one this'])
    expect(another.texts[0]).toMatch(
      /no answer to POST \/one with this body; with another one it has \(matchBody: false/,
    )
    expect(
      (await answers(['POST /one this', 'POST /form user=b&password=x'], { matchBody: false })).texts,
    ).toEqual(['one', 'b'])
  })

  test('answers in a simulation, and is noted there where it cannot', async () => {
    write(exchange('GET /a', 'recorded'))
    const sim = simulate(proxy().route('/', pool(['http://users'])))
    const users = sim.upstream('http://users').reply(recordedAnswers(file))
    expect((await sim.get('/a')).text()).toBe('recorded')
    expect((await sim.get('/b')).status).toBe(500)
    expect(String(users.errors[0])).toMatch(/has no answer to GET \/b\. It knows: \n {2}GET \/a/)
    await sim.close()
    expect(() => recordedAnswers(file, { late: 1 } as never)).toThrow(
      /recordedAnswers: "late" must be one of the options/,
    )
  })

  test('says what it knows of when it is asked for something else', async () => {
    write(exchange('GET /a', 'a'), exchange('GET /a', 'a'), exchange('POST /b?c', 'b'))
    const { texts, errors } = await answers(['GET /b', 'GET /a'])
    const complaint = `${file} has no answer to GET /b. It knows: \n  GET /a (2 times)\n  POST /b?c`
    expect(texts).toEqual([`501 ${complaint}`, 'a'])
    expect(errors).toEqual([complaint])
    write()
    expect((await answers(['GET /b'])).errors).toEqual([`${file} has no answer to GET /b. It knows: nothing`])
    write(...Array.from({ length: 32 }, (_, i) => exchange(`GET /${i}`, '')))
    expect((await answers(['GET /b'])).errors[0]).toMatch(/\n {2}GET \/29\n {2}and 2 more$/)
  })

  test('answers at once, or takes as long as was recorded', async () => {
    write(exchange('GET /a', 'a'), exchange('GET /a', 'b', undefined, { afterMs: 12.5 }))
    expect(await answers(['GET /a', 'GET /a'])).toMatchObject({ texts: ['a', 'b'], tookMs: 0 })
    expect(await answers(['GET /a', 'GET /a'], { latency: 'recorded' })).toMatchObject({
      texts: ['a', 'b'],
      tookMs: 42.5,
    })
  })

  test('answers for one pool alone', async () => {
    write({ ...exchange('GET /a', 'of carts'), pool: 'carts' }, exchange('GET /a', 'of users'))
    expect((await answers(['GET /a'])).texts).toEqual(['of carts'])
    expect((await answers(['GET /a'], { pool: 'users' })).texts).toEqual(['of users'])
    expect(() => replayUpstream(file, { pool: 'user' } as ReplayUpstreamOptions)).toThrow(
      `replayUpstream: "pool" must be one of the pools in ${file} ("carts", "users"), got "user"`,
    )
  })

  test('frames what was edited by hand anew', async () => {
    write(
      exchange('GET /a', 'longer', undefined, {
        headers: ['Content-Length: 1'],
      }),
    )
    expect((await answers(['GET /a', 'GET /a'])).texts).toEqual(['longer', 'longer'])
  })

  test('can be given answers of its own, which go first', async () => {
    write(exchange('GET /a', 'recorded'))
    const network = memoryNetwork()
    await using upstream = await replayUpstream(file, { network, host: 'users', port: 80 })
      .on('GET /own', { body: 'own' })
      .start()
    const client = await rawClient(network, upstream.url)
    await client.send('GET /own HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body.toString()).toBe('own')
    expect((await client.response()).body.toString()).toBe('recorded')
    await client.close()
  })

  const valid = exchange('GET /a', 'a')
  const { response } = valid
  test.each<[string, string, string]>([
    ['no JSON', '{"format', 'it cannot be read: '],
    ['a list', '[]', '"file" must be an object, got an empty list'],
    ['another file', '{"name":"x"}', '"format" must be "gatewright-recording", got undefined'],
    [
      'a later version',
      '{"format":"gatewright-recording","version":2}',
      '"version" must be 1, which this version reads, got 2',
    ],
    [
      'no exchanges',
      '{"format":"gatewright-recording","version":1}',
      '"exchanges" must be a list, got undefined',
    ],
  ])('refuses a file with %s', (_, text, message) => {
    writeFileSync(file, text)
    expect(() => replayUpstream(file, { network: memoryNetwork() })).toThrow(`recording ${file}: ${message}`)
  })

  test.each<[string, object, string]>([
    [
      'neither',
      { ...valid, response: undefined },
      ': "exchanges[1]" must be an exchange with either "response" or "noResponse"',
    ],
    ['both', { ...valid, noResponse: '' }, ': "exchanges[1]" must be an exchange with either'],
    ['no request', { ...valid, request: 1 }, ': exchanges[1]: "request" must be an object, got 1'],
    [
      'a misspelt member',
      { ...valid, response: { ...response, header: [] } },
      ': exchanges[1].response: "header" must be one of the options that exist (did you mean "headers"?',
    ],
    [
      'an odd status',
      { ...valid, response: { ...response, status: 99 } },
      ': exchanges[1].response: "status" must be a whole number from 200 to 599, got 99',
    ],
    [
      'an odd time',
      { ...valid, response: { ...response, afterMs: -1 } },
      ': exchanges[1].response: "afterMs" must be a number of milliseconds up to 2147483647, got -1',
    ],
    [
      'an endless time',
      { ...valid, response: { ...response, afterMs: 1e15 } },
      ': exchanges[1].response: "afterMs" must be a number of milliseconds up to 2147483647, got',
    ],
    ...['OK\r\nX: 1', 'OK\u010a', 7].map((reason): [string, object, string] => [
      `the reason ${JSON.stringify(reason)}`,
      { ...valid, response: { ...response, reason } },
      ': exchanges[1].response: "reason" must be a text of one line, without controls, got',
    ]),
    [
      'a field with a hidden line end',
      { ...valid, response: { ...response, headers: ['A: \u010dX: 1'] } },
      ': exchanges[1].response: "headers" must be a list of fields, "Name: value" each',
    ],
    [
      'an odd field',
      { ...valid, response: { ...response, headers: ['A'] } },
      ': exchanges[1].response: "headers" must be a list of fields, "Name: value" each',
    ],
    [
      'two bodies',
      { ...valid, response: { ...response, body: { text: '', json: 1 } } },
      ': exchanges[1].response.body: "body" must be one of "json", "text", "base64" and "omitted"',
    ],
    [
      'odd base64',
      { ...valid, response: { ...response, body: { base64: ['ab', 'c'] } } },
      ': exchanges[1].response.body: "base64" must be base64, got "abc"',
    ],
    [
      'odd text',
      { ...valid, response: { ...response, body: { text: [1] } } },
      ': exchanges[1].response.body: "text" must be a string or a list of strings',
    ],
  ])('refuses an exchange with %s', (_, wrong, message) => {
    write(valid, wrong as RecordedExchange)
    expect(() => replayUpstream(file, { network: memoryNetwork() })).toThrow(`recording ${file}${message}`)
  })

  test('refuses a file that is not there, and odd options', () => {
    expect(() => replayUpstream(file, { network: memoryNetwork() })).toThrow(
      /it cannot be read: there is no such file; make it with record/,
    )
    write()
    expect(() => replayUpstream(file, { latency: 'real' } as unknown as ReplayUpstreamOptions)).toThrow(
      'replayUpstream: "latency" must be "recorded" or "none", got "real"',
    )
    const odd = { network: memoryNetwork(), hosts: 'a' } as ReplayUpstreamOptions
    expect(() => replayUpstream(file, odd)).toThrow(/"hosts"/)
  })
})
