import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pool, proxy } from '../../index.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { rawClient } from '../network/raw-client.ts'
import { seededRandom } from '../seeded-random.ts'
import { fakeUpstream } from '../upstream/fake-upstream.ts'
import { virtualClock } from '../virtual-clock.ts'
import { record } from './record.ts'
import { bytesOfRecorded } from './recorded-body.ts'
import { type Redaction, Redactor } from './redaction.ts'

/** Names that are told apart by what they contain. */
const secretName = fc
  .tuple(
    fc.stringMatching(/^[a-z]{0,4}$/),
    fc.constantFrom(
      'token',
      'Secret',
      'PASSWORD',
      'api_key',
      'Key',
      'authorization',
      'credential',
      'session',
    ),
    fc.constantFrom('', '_id', 'X', '-2'),
  )
  .map((parts) => parts.join(''))
/** Any text, that cannot stand in a recording by chance. */
const anySecret = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0x80, max: 0xd7ff })), {
    maxLength: 12,
  })
  .map((it) => `Zq9${String.fromCodePoint(...it)}9qZ`)
const plainSecret = fc.stringMatching(/^[\x21-\x7e]{0,12}$/).map((it) => `Zq9${it}9qZ`)
const cookieSecret = fc.stringMatching(/^[\w!#$%&'()*+./:<=>?@^`{|}~-]{0,12}$/).map((it) => `Zq9${it}9qZ`)

/** Without what ends a value where it is not quoted. */
const wordSecret = fc.stringMatching(/^[\w.~/+=-]{0,12}$/).map((it) => `Zq9${it}9qZ`)

/** A value with the secret somewhere below a member whose name says so. */
const jsonWith = (secret: string): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      secretName,
      fc.constantFrom<unknown>(secret, [secret], { a: secret }, { [secret]: true }),
      fc.jsonValue({ maxDepth: 2 }).filter((it) => !JSON.stringify(it).includes('Zq9')),
      fc.array(fc.constantFrom('list', 'member', 'text'), { maxLength: 3 }),
    )
    .map(([name, value, beside, wraps]) =>
      wraps.reduce<unknown>(
        (it, wrap) =>
          wrap === 'list' ? [beside, it] : wrap === 'member' ? { it, beside } : JSON.stringify(it),
        { beside, [name]: value },
      ),
    )

interface Placed {
  readonly secret: string
  readonly request?: Partial<{
    target: string
    fields: [string, string][]
    type: string
    body: string | Buffer
  }>
  readonly response?: Partial<{
    fields: [string, string][]
    trailers: [string, string][]
    body: string | Buffer
  }>
}

const either = fc.boolean()

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** Names that are told apart as words, and those above. */
const anyName = fc.oneof(
  secretName,
  fc.constantFrom('pwd', 'x-auth', 'user.pass', 'accessCode', 'code', 'sig', 'OTP', 'session'),
)

/** Texts with the secret beside a name, of whatever kind they are. */
const textWith = (secret: string, name: string): readonly string[] => [
  `user: ann\n${name}: ${secret}\nlast: 1\n`,
  `all:\n  ${name}:\n    - ${secret}\n  b: 1\n`,
  `${name}: |\n  ${secret}\n  ${secret}\nb: 1\n`,
  `user=ann bob&${name}=${secret}`,
  `${name}=${secret}\n`,
  `it failed with ${name}=${secret} at last`,
  `{'${name}':'${secret}'}`,
  `var ${name.replace(/\W/g, '_')} = \`${secret}\`;`,
  `{"a":1,"${name}":["x","${secret}"`,
  `{"a":1,"${name}" : ${secret}`,
  `"{\\"a\\":{\\"${name}\\":\\"${secret}\\"}}" and more`,
  `mutation { login(user: "ann", ${name}: "${secret}") { id } }`,
  `<a><${name}>${secret}</${name}></a>`,
  `<s:a xmlns:s="x"><s:${name} Type="x"><b>${secret}</b></s:${name}></s:a>`,
  `<a ${name}="${secret}" b='1'/>`,
  `<input type="hidden" name="${name}" value="${secret}"><p>x</p>`,
  `<input value='${secret}' type=hidden name=${name}>`,
  `<map><name>${name}</name><value>${secret}</value></map>`,
  `<a>&lt;${name}&gt;${secret}&lt;/${name}&gt;</a>`,
  `<a b="x, &amp;quot;${name}&amp;quot;: &amp;quot;${secret}&amp;quot;"/>`,
  `data: {"a": 1, "${name}":\ndata: "${secret}"}\n\n`,
  `["Accept", "x", "${name}", "${secret}"]`,
  `Basic YTpi, ewogIC${secret.replaceAll(/[~.]/g, '/')}`,
  `${name}: x\n  ${secret}\nb: 1\n`,
  `env:\n  - name: ${name}\n    value: ${secret}\n`,
  `run it with --${name} ${secret} --more`,
  `<${name}><${name}>a</${name}>${secret}</${name}>`,
  `<entry key="${name}">${secret}</entry>`,
  `see https://${encodeURIComponent(secret)}@a.example/x`,
  `see //ann:${encodeURIComponent(secret)}@a.example/x`,
  `see /login?next=${encodeURIComponent(`/cb?${name}=${secret}`)} and more`,
  `curl -H 'X-Odd: Bearer ${secret}' and more`,
  `then Basic ${secret}, or not`,
  `jwt is eyJhbGciOi${secret.replaceAll('/', '.')} here`,
  `the key: ghp_abcdef${secret.replaceAll(/\W/g, '')} was found`,
]

/** The same secret in bytes that are no text. */
const opaque: readonly ((secret: string, name: string) => { body: Buffer; type?: string })[] = [
  (secret, name) => ({
    type: 'application/msgpack',
    body: Buffer.from(`\x81${String.fromCharCode(0xa0 + name.length)}${name}\xaa${secret}`, 'latin1'),
  }),
  (secret) => ({
    body: Buffer.from(`\n${String.fromCharCode(secret.length)}${secret}`),
    type: 'application/grpc+proto',
  }),
  (secret) => ({ body: Buffer.from(`\n\r${secret}`), type: 'application/x-protobuf' }),
  (secret) => ({ body: Buffer.from(`\xff\xd8${secret}`, 'latin1') }),
  (secret, name) => ({ body: Buffer.from(`{"${name}":"${secret}"}`, 'utf16le'), type: 'text/plain' }),
]

const multipart = (content: string, type: string | undefined): string =>
  `--b\r\nContent-Disposition: form-data; name="data"\r\n${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n${content}\r\n--b--\r\n`

const newlyPlaced: fc.Arbitrary<Placed> = fc.oneof(
  // Encoded, once or several times, in targets and fields.
  fc
    .tuple(
      anySecret,
      anyName,
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom('target', 'Location', 'Referer', 'path'),
    )
    .map(([secret, name, times, where]): Placed => {
      let url = `/cb?x=1&${encodeURIComponent(name)}=${encodeURIComponent(secret)}`
      for (let i = 0; i < times; i++) url = `/login?a=1&next=${encodeURIComponent(url)}`
      if (where === 'target') return { secret, request: { target: url } }
      if (where === 'path') return { secret, request: { target: `/open/${encodeURIComponent(url)}/x` } }
      if (where === 'Referer') return { secret, request: { fields: [[where, `https://a.example${url}`]] } }
      return { secret, response: { fields: [[where, url]] } }
    }),
  // In any text, of whatever type, by itself, in JSON, or as a part of a multipart body.
  fc
    .tuple(
      wordSecret,
      anyName,
      fc.nat(1_000),
      fc.nat(7),
      fc.constantFrom('text/plain', 'image/png', 'text/html', 'application/yaml', undefined),
    )
    .map(([secret, name, which, how, type]): Placed => {
      const texts = textWith(secret, name)
      const text = texts[which % texts.length]!
      const fields: [string, string][] = type === undefined ? [] : [['Content-Type', type]]
      if (how === 0)
        return { secret, request: { type: 'application/json', body: JSON.stringify({ a: [text] }) } }
      if (how === 1)
        return { secret, request: { type: 'multipart/form-data; boundary=b', body: multipart(text, type) } }
      if (how === 2)
        return {
          secret,
          response: { fields: [['Content-Type', 'multipart/mixed']], body: multipart(text, type) },
        }
      if (how === 3)
        return { secret, response: { fields: [['X-Note', text.replaceAll(/\s+/g, ' ').trim()]] } }
      return { secret, response: { fields, body: text } }
    }),
  // Behind references, in markup.
  fc.tuple(plainSecret, anyName, fc.nat(2)).map(([secret, name, how]): Placed => {
    const value = escaped(secret)
    const body =
      how === 0
        ? `<${name}>${value}</${name}>`
        : how === 1
          ? `<a ${name}="${value}"/>`
          : `<input name="${name}" value="${value}">`
    return { secret, response: { fields: [['Content-Type', 'application/xml']], body } }
  }),
  // Names that are values.
  fc.tuple(anySecret, anyName, either).map(
    ([secret, name, pairs]): Placed => ({
      secret,
      request: {
        type: 'application/json',
        body: JSON.stringify(pairs ? [[name, secret]] : [{ name, value: secret }]),
      },
    }),
  ),
  // Shapes.
  fc
    .tuple(
      wordSecret,
      fc.constantFrom('Bearer ', 'bearer ', 'Basic ', 'ghp_abcdef', 'xoxb-12', 'sk_live_', 'eyJhbGciOi'),
      fc.constantFrom('field', 'json', 'text', 'query'),
    )
    .map(([word, shape, where]): Placed => {
      const secret =
        shape.endsWith('_') || shape.endsWith('f')
          ? word.replaceAll(/\W/g, '')
          : word.replaceAll(/[^\w-]/g, '')
      const text = `${shape}${secret}`
      if (where === 'field') return { secret, request: { fields: [['X-Odd', text]] } }
      if (where === 'json')
        return { secret, request: { body: JSON.stringify({ a: text }), type: 'application/json' } }
      if (where === 'query') return { secret, request: { target: `/x?a=${encodeURIComponent(text)}` } }
      return { secret, response: { body: `so ${text} it is` } }
    }),
  fc.tuple(wordSecret, fc.constantFrom('Path=/', 'Domain=', 'Expires=', 'Max-Age=', 'SameSite=', 'Odd=')).map(
    ([secret, name]): Placed => ({
      // A domain is a name that everybody can look up.
      secret,
      response: {
        fields: [['Set-Cookie', `a=1; ${name === 'Domain=' ? 'Domain=a b' : name}${secret}; HttpOnly`]],
      },
    }),
  ),
  fc
    .tuple(wordSecret, secretName, fc.nat(opaque.length), either)
    .map(([secret, name, which, asks]): Placed => {
      const make = opaque[which]
      const { body, type } = make?.(secret, name) ?? {
        body: gzipSync(`{"${name}":"${secret}"}`),
        type: 'application/gzip',
      }
      if (asks) return { secret, request: { body, ...(type !== undefined && { type }) } }
      return { secret, response: { body, fields: type === undefined ? [] : [['Content-Type', type]] } }
    }),
)

const placed: fc.Arbitrary<Placed> = fc.oneof(
  fc
    .tuple(plainSecret, secretName, fc.constantFrom('request', 'response', 'trailers'))
    .map(
      ([secret, name, where]): Placed =>
        where === 'request'
          ? { secret, request: { fields: [[name, secret]] } }
          : where === 'response'
            ? { secret, response: { fields: [[name, secret]] } }
            : { secret, response: { trailers: [[name, secret]] } },
    ),
  fc
    .tuple(plainSecret, fc.constantFrom('Authorization', 'X-Api-Key'))
    .map(([secret, name]): Placed => ({ secret, request: { fields: [[name, `Bearer ${secret}`]] } })),
  fc
    .tuple(cookieSecret, either)
    .map(
      ([secret, sets]): Placed =>
        sets
          ? { secret, response: { fields: [['Set-Cookie', `a=${secret}; Path=/`]] } }
          : { secret, request: { fields: [['Cookie', `a=1; b=${secret}`]] } },
    ),
  fc
    .tuple(anySecret, secretName, fc.constantFrom('target', 'location', 'form', 'nested'))
    .map(([secret, name, where]): Placed => {
      const pair = `a=1&${encodeURIComponent(name)}=${encodeURIComponent(secret)}`
      if (where === 'target') return { secret, request: { target: `/x?${pair}` } }
      if (where === 'nested')
        return { secret, request: { target: `/x?to=${encodeURIComponent(`/y?${pair}`)}` } }
      if (where === 'location') return { secret, response: { fields: [['Location', `/x?${pair}`]] } }
      return { secret, request: { type: 'application/x-www-form-urlencoded', body: pair } }
    }),
  anySecret.chain((secret) =>
    fc
      .tuple(
        jsonWith(secret),
        fc.constantFrom('application/json', 'text/plain', undefined),
        either,
        fc.nat(3),
      )
      .map(([value, type, asks, how]): Placed => {
        const text = JSON.stringify(value, undefined, how === 1 ? 2 : undefined)
        if (asks) return { secret, request: { body: text, ...(type !== undefined && { type }) } }
        const fields: [string, string][] = type === undefined ? [] : [['Content-Type', type]]
        if (how === 2)
          return {
            secret,
            response: { fields: [...fields, ['Content-Encoding', 'gzip']], body: gzipSync(text) },
          }
        return { secret, response: { fields, body: how === 3 ? `data: ${text}\n\ndata: 2\n\n` : text } }
      }),
  ),
  // Places that the rules below name.
  fc.tuple(anySecret, fc.constantFrom('json', 'query', 'path')).map(([secret, where]): Placed => {
    if (where === 'json') return { secret, response: { body: JSON.stringify({ user: [{ iban: secret }] }) } }
    if (where === 'query') return { secret, request: { target: `/x?email=${encodeURIComponent(secret)}` } }
    return { secret, response: { body: JSON.stringify({ at: { home: secret } }) } }
  }),
  fc.tuple(plainSecret, fc.constantFrom('header', 'path', 'text')).map(([secret, where]): Placed => {
    if (where === 'header') return { secret, request: { fields: [['X-User', secret]] } }
    const card = `Zq94711${secret.length}`
    if (where === 'path') return { secret: card, request: { target: `/cards/${card}` } }
    return { secret: card, response: { body: `your card is ${card}, keep it` } }
  }),
)

const RULES: readonly Redaction[] = [
  { header: 'x-user' },
  { query: /^e-?mail$/ },
  { json: 'iban' },
  { json: 'at.home' },
  { text: /Zq94711\d+/ },
]

test('a text holds no secret, of whatever kind it is', () => {
  const secret = 'Zq9a~/+=-b9qZ'
  const redactor = new Redactor([], true)
  for (const name of ['api_key', 'pwd', 'x-auth', 'accessCode']) {
    for (const text of textWith(secret, name)) {
      const clean = redactor.body(Buffer.from(text), 'text/plain', undefined, 1_000)
      expect(text).toContain('Zq9')
      expect('bytes' in clean && clean.bytes.toString()).toMatch(/REDACTED/)
      expect('bytes' in clean && clean.bytes.toString(), text).not.toContain('Zq9')
      expect(redactor.field('X-Note', text), text).not.toContain('Zq9')
    }
  }
})

test.each([
  ['the rules', placed],
  ['all else that can be read', newlyPlaced],
])(
  'a recording never holds a secret, wherever among %s it was',
  async (_, places) => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    const to = join(folder, 'recording.json')
    try {
      await fc.assert(
        fc.asyncProperty(places, fc.integer(), async ({ secret, request = {}, response = {} }, seed) => {
          const clock = virtualClock()
          const random = seededRandom(seed)
          const network = memoryNetwork({ clock, random })
          const { fields = [], trailers, body = 'x' } = response
          const upstream = await fakeUpstream({ network, clock, host: 'users', port: 80 })
            .reply({ headers: fields, body, ...(trailers !== undefined && { trailers }) })
            .start()
          const app = proxy()
            .listen({ host: 'gateway', port: 80 })
            .route('/', pool(['http://users']))
          const recording = record(app, { to, redact: RULES })
          const surroundings = { clock, network, random }
          const running = await recording.app.start({ signals: false, surroundings })
          const client = await clock.until(rawClient(network, running.url))
          const sent = Buffer.from(request.body ?? '')
          const lines = (request.fields ?? []).map(([name, value]) => `${name}: ${value}\r\n`)
          if (request.type !== undefined) lines.push(`Content-Type: ${request.type}\r\n`)
          await client.send(
            `POST ${request.target ?? '/'} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n${lines.join('')}Content-Length: ${sent.length}\r\n\r\n`,
          )
          // In two parts, wherever the cut falls.
          const cut = Math.floor(random() * sent.length)
          await client.send(sent.subarray(0, cut))
          await client.send(sent.subarray(cut))
          const answer = await clock.until(client.response())
          expect(answer.status).toBe(200)
          await client.close()
          await clock.until(running.close())
          await recording.close()
          await upstream.close()
          expect(recording.exchanges).toBe(1)
          const text = readFileSync(to, 'utf8')
          for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
            expect(text).not.toContain(form)
          expect(text).not.toContain('Zq9')
          for (const { request: asked, response: answered } of JSON.parse(text).exchanges) {
            for (const body of [asked.body, answered.body]) {
              if (body?.base64 === undefined) continue
              const bytes = bytesOfRecorded(body)!
              expect(bytes.toString('latin1').replaceAll('\0', '')).not.toContain('Zq9')
              expect(bytes[0]).not.toBe(0x1f)
            }
          }
        }),
        { numRuns: 250 },
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  30_000,
)
