import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readBenchArguments } from './bench-arguments.ts'

const URL = 'http://127.0.0.1:8080/users/42?full=1'

describe('readBenchArguments', () => {
  test('takes a url alone', () => {
    const { url, json, plan } = read(URL)
    expect([url, json]).toEqual([URL, false])
    expect(plan).toMatchObject({
      destination: { host: '127.0.0.1', port: 8080, tls: undefined },
      method: 'GET',
      connections: 64,
      rate: undefined,
      durationMs: 10_000,
      warmUpMs: 0,
      timeoutMs: 10_000,
    })
    expect(plan.request.toString()).toBe(
      'GET /users/42?full=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: gatewright-bench\r\n\r\n',
    )
  })

  test('takes flags', () => {
    const { json, plan } = read(
      ...['-r', '0.5', '-d', '1m', '-c', '7', '--warm-up', '2s', '--timeout', '250ms', '--json', URL],
    )
    expect(json).toBe(true)
    expect(plan).toMatchObject({
      rate: 0.5,
      durationMs: 60_000,
      connections: 7,
      warmUpMs: 2_000,
      timeoutMs: 250,
    })
  })

  test('sends a body, and fields in place of its own', () => {
    const fields = ['-H', 'Host: shop.example', '-H', 'user-agent: me', '-H', 'X-Empty:']
    const { plan } = read('--body', 'grüße', ...fields, 'http://[::1]/')
    expect(plan.destination).toMatchObject({ host: '::1', port: 80 })
    expect(plan.request.toString()).toBe(
      'POST / HTTP/1.1\r\nHost: shop.example\r\nuser-agent: me\r\nX-Empty: \r\nContent-Length: 7\r\n\r\ngrüße',
    )
    expect(read('-m', 'PUT', '-b', '', URL).plan.request.toString()).toContain('Content-Length: 0\r\n')
  })

  test('reads a body from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gatewright-bench-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'order.json'), '{"id":1}')
    const { plan } = readBenchArguments(['--body', '@order.json', URL], folder)
    expect(plan.request.toString()).toMatch(/\r\nContent-Length: 8\r\n\r\n\{"id":1\}$/)
    expect(() => readBenchArguments(['--body', '@missing', URL], folder)).toThrow(/cannot be read: ENOENT/)
  })

  test('speaks TLS to https', () => {
    expect(read('https://shop.example/').plan.destination).toEqual({
      host: 'shop.example',
      port: 443,
      tls: { servername: 'shop.example', dangerouslyAcceptAnyCertificate: false },
    })
    expect(read('-k', 'https://127.0.0.1:8443/').plan.destination.tls).toEqual({
      verifyName: '127.0.0.1',
      dangerouslyAcceptAnyCertificate: true,
    })
  })

  test.each([
    [[], 'which url'],
    [[URL, URL], 'one url at a time, got 2'],
    [['127.0.0.1:8080'], '"url" must be an http: or https: url'],
    [['ftp://127.0.0.1/'], '"url" must be an http: or https: url'],
    [['http://ann:secret@127.0.0.1/'], 'must not hold credentials'],
    [[URL, '--rate', '0'], '"--rate" must be a number of requests a second, at most 1000000, got "0"'],
    [[URL, '--rate', '1000001'], '"--rate"'],
    [[URL, '--rate', 'fast'], '"--rate"'],
    [[URL, '--duration', '10'], '"--duration" must be a duration with its unit, such as "10s", got "10"'],
    [[URL, '--duration', '0s'], '"--duration" must be a duration'],
    [[URL, '--duration', '61m'], '"--duration" must be a duration of at most 1h'],
    [[URL, '--warm-up', '2h'], '"--warm-up"'],
    [[URL, '--timeout', '0ms'], '"--timeout"'],
    [[URL, '--connections', '0'], '"--connections" must be a whole number from 1 to 10000'],
    [[URL, '--connections', '10001'], '"--connections"'],
    [[URL, '--method', 'GE T'], '"--method"'],
    [[URL, '--method', 'CONNECT'], '"--method"'],
    [[URL, '--header', 'no colon'], '"--header" must be "Name: value"'],
    [[URL, '--header', 'X-Split: a\r\nHost: b'], '"--header" must be "Name: value"'],
    [[URL, '--header', 'content-length: 7'], '"--header" must not be content-length'],
    [[URL, '--rates', '5'], "Unknown option '--rates'"],
  ])('refuses %j', (args, message) => {
    expect(() => read(...args)).toThrow(message)
    expect(() => read(...args)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })

  test('shows no secret of a field', () => {
    expect(() => read(URL, '--header', 'Authorization Bearer secret')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    )
  })
})

function read(...args: string[]) {
  return readBenchArguments(args, '/')
}
