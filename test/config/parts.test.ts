import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { FILE_EXAMPLES } from '../../scripts/filter-pages/file-examples.ts'
import * as balancers from '../../src/balancers/index.ts'
import { balancerParts } from '../../src/config/balancer-parts.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { configKey } from '../../src/config/config-key.ts'
import { filterParts } from '../../src/config/filter-parts.ts'
import type { NamedPart } from '../../src/config/part.ts'
import type { Schema } from '../../src/config/schema/schema.ts'
import { optionsObject } from '../../src/config/schema/values.ts'
import { OptionError } from '../../src/core/options.ts'
import * as filters from '../../src/filters/index.ts'
import { GOOD } from './good-configurations.ts'
import { readAs } from './read-as.ts'

/** What `src/filters` has beside filters. */
const NO_FILTERS: Readonly<Record<string, string>> = {
  apiKeyIdentity: 'an attribute',
  basicAuthUser: 'an attribute',
  claims: 'an attribute',
  cspNonce: 'an attribute',
  currentRequestId: 'an attribute',
  grpcWebCors: 'options of cors',
  hashPassword: 'makes what basic_auth is given',
  introspection: 'an attribute',
  memoryStore: 'a store of rate_limit',
  redisStore: 'a store of rate_limit',
  splitArm: 'an attribute',
}

const BALANCERS: readonly (readonly [name: string, options: string])[] = [
  ['consistentHash', '{ key: { header: x-user }, load_factor: unlimited, virtual_nodes: 50 }'],
  ['consistentHash', '{ key: { module: "./keys.ts#byTenant" }, load_factor: 1.5 }'],
  ['leastConnections', '{}'],
  ['leastResponseTime', '{}'],
  ['maglev', '{ key: path, table_size: 1009 }'],
  ['powerOfTwoChoices', '{}'],
  ['random', '{}'],
  ['rendezvous', '{ key: { cookie: session } }'],
  ['roundRobin', '{}'],
  ['weightedRoundRobin', '{}'],
]

/** Options that are wrong in the eyes of the schema, beside what has another type altogether. */
const REFUSED: readonly (readonly [name: string, options: string])[] = [
  ['accessLog', '{ to: nowhere }'],
  ['accessLog', '{ sample: 2 }'],
  ['accessLog', '{ flush: soon }'],
  ['adaptiveConcurrency', '{ algorithm: guess }'],
  ['aggregate', '{}'],
  ['aggregate', '{ parts: { user: { request: /users } } }'],
  ['apiKey', '{ from: { place: x } }'],
  ['authorize', '{ predicate: isAdmin }'],
  ['authorize', '{ message: no }'],
  ['bandwidth', '{ response: fast }'],
  ['basicAuth', '{ users: [ada] }'],
  ['bodyLimit', '{ request: 10 megabytes }'],
  ['bodyLimit', '{ requests: 10MB }'],
  ['bodyTransform', '{ response: "./filters.ts#upper" }'],
  ['cache', '{ store: { memory: {} } }'],
  ['cache', '{ store: { redis: {} } }'],
  ['cache', '{ set_cookie: keep }'],
  ['circuitBreaker', '{ half_open: { ramp: [2] } }'],
  ['coalesce', '{ headers: accept }'],
  ['compress', '{ codings: [lzma] }'],
  ['concurrencyLimit', '{ queue: { max: 1 } }'],
  ['concurrencyLimit', '{ limit: 0 }'],
  ['cookies', '{ request: { remove: [{ regexp: 7 }] } }'],
  ['cors', '{}'],
  ['cors', '{ origins: "*", credential: true }'],
  ['csrf', '{ unmarked: maybe }'],
  ['decompress', '{ codings: [rar] }'],
  ['fault', '{ enabled: sometimes }'],
  ['fault', '{ enabled: true, delay: { max: 1s } }'],
  ['forwardAuth', '{ endpoint: { service: { upstream: auth } } }'],
  ['grpcWeb', '{ types: [] }'],
  ['headers', '{ request: { onErrors: true } }'],
  ['hsts', '{ max_age: a year }'],
  ['introspect', '{ endpoint: "https://id.example.com", auth: { client_id: a } }'],
  ['ipFilter', '{ allow: 10.0.0.0/8 }'],
  ['json', '{ request: { map: x } }'],
  ['jwt', '{ algorithms: [RS256], issuer: a }'],
  ['jwt', '{ algorithms: [none], issuer: a, audience: b }'],
  ['jwt', '{ algorithms: [RS256], issuer: true, audience: b }'],
  ['loadShedding', '{ target: -1 }'],
  ['metrics', '{ buckets: [0] }'],
  ['mirror', '{ share: 0.5 }'],
  ['mirror', '{ to: shadow }'],
  ['proxyStatus', '{ name: 7 }'],
  ['rateLimit', '{ limit: 10, per: 1m, algorithm: leaky }'],
  ['rateLimit', '{ rules: [{ limit: 10 }] }'],
  ['rateLimit', '{ limit: 10, per: 1m, key: cookie }'],
  ['redirect', '{ to: /x, status: 304 }'],
  ['redirectToHttps', '{ port: 70000 }'],
  ['replaceText', '{ pairs: [{ from: a }] }'],
  ['requestId', '{ accept: all }'],
  ['rewrite', '{ from: /a }'],
  ['rewriteLocation', '{ prefixes: [/] }'],
  ['securityHeaders', '{ frame: allow }'],
  ['serverTiming', '{ to: nobody }'],
  ['split', '{ arms: [] }'],
  ['split', '{ arms: [{ to: { upstream: a } }] }'],
  ['sticky', '{ cookie: { name: s } }'],
  ['streamIdleTimeout', '{ idle: forever }'],
  ['stripPrefix', '{ case_sensitive: true }'],
  ['tracing', '{ propagation: jaeger }'],
  ['validate', '{ body: "{}" }'],
  ['websocket', '{ ping: often }'],
]

/** One value of each kind that JSON has, as files write them. None of them is the name of something. */
const SAMPLES = ['null', 'true', '-7.5', '"?"', '[]', '[null]', '{}', '{ "?": null }'] as const

const filterEntries = Object.entries(filterParts)
const allParts: readonly (readonly [string, NamedPart<unknown>])[] = [
  ...filterEntries,
  ...Object.entries(balancerParts),
]

describe('filterParts', () => {
  test('has every filter, and the cache', () => {
    const names = Object.keys(filters)
    expect(names).toEqual(expect.arrayContaining(Object.keys(NO_FILTERS)))
    const made = names.filter((name) => !(name in NO_FILTERS))
    expect(Object.keys(filterParts).sort()).toEqual(['cache', ...made].sort())
  })

  test('has an example of each', () => {
    expect(Object.keys(FILE_EXAMPLES).sort()).toEqual(Object.keys(filterParts).sort())
  })

  test.each(filterEntries)(
    '%s is made of its example, and lists show it by that name',
    async (name, part) => {
      const filter = await made(part, optionsOf(name))
      expect([typeof filter, filter.name]).toEqual(['function', name])
    },
  )

  test.each(REFUSED)('%s refuses %s', async (name, options) => {
    await expect(made(filterParts[name]!, options)).rejects.toThrow(ConfigError)
  })

  test.each([
    ['stripPrefix', '/api', 'must be an object such as { prefix: ... }, got "/api"'],
    ['compress', 'true', 'must be an object of options, got true'],
  ])('%s says what it wants in the place of %s', async (name, options, message) => {
    await expect(made(filterParts[name]!, options)).rejects.toThrow(message)
  })

  test.each(filterEntries)('%s takes each word that its schema has', async (name, part) => {
    for (const [option, schema] of Object.entries(part.schema))
      for (const word of schema === undefined ? [] : wordsOf(schema)) {
        const options = { ...(parse(optionsOf(name)) as object), [configKey(option)]: word }
        const failure = await made(part, JSON.stringify(options)).catch((error: unknown) => error)
        // What does not go together with the example is no fault of the word.
        if (failure instanceof OptionError && (failure.option !== option || / where /.test(failure.message)))
          continue
        expect({ word, failure }).toEqual({ word, failure: expect.any(Function) })
      }
  })
})

describe('balancerParts', () => {
  test('has every balancer', () => {
    const names = Object.keys(balancers).filter((name) => name !== 'perCandidates')
    expect(Object.keys(balancerParts).sort()).toEqual(names.sort())
  })

  test.each(BALANCERS)('%s is made of %s', async (name, options) => {
    expect(await made(balancerParts[name]!, options)).toBeTypeOf('function')
  })

  test.each([
    ['consistentHash', '{ key: header }'],
    ['maglev', '{ table_size: large }'],
    ['rendezvous', '{ key: { header: a, cookie: b } }'],
    ['random', '{ seed: 1 }'],
  ])('%s refuses %s', async (name, options) => {
    await expect(made(balancerParts[name]!, options)).rejects.toThrow(ConfigError)
  })
})

describe('options of parts', () => {
  test('have keys of their own', () => {
    for (const [name, { schema }] of allParts) {
      const keys = Object.keys(schema).map(configKey)
      expect({ name, keys: [...new Set(keys)] }).toEqual({ name, keys })
    }
  })

  test('that are needed can be given', () => {
    for (const [, { schema, required }] of allParts)
      for (const option of required) expect(schema[option]).toBeDefined()
  })

  test('refuse what is of another type', async () => {
    for (const [name, { schema }] of allParts)
      for (const [option, one] of Object.entries(schema)) {
        if (one === undefined) continue
        const refused = []
        for (const sample of SAMPLES) if (!(await fits(one, sample))) refused.push(sample)
        expect(refused, `${name}.${option}`).toContain('null')
        expect(refused.length, `${name}.${option}`).toBeGreaterThan(2)
      }
  })
})

describe('docs/gateway.schema.json', () => {
  let validate: ValidateFunction
  const ajv = new Ajv2020({ strictTypes: false })

  beforeAll(() => {
    validate = ajv.compile(JSON.parse(readFileSync('docs/gateway.schema.json', 'utf8')) as object)
  })

  const inFile = (filters: unknown) => ({ proxy: { upstreams: { all: ['10.0.0.1:80'] }, filters } })

  test.each(Object.keys(FILE_EXAMPLES))('takes the example of %s', (name) => {
    validate(inFile(parse(FILE_EXAMPLES[name]!)))
    expect(validate.errors ?? []).toEqual([])
  })

  test.each(REFUSED)('refuses %s: %s', (name, options) => {
    expect(validate(inFile([{ [configKey(name)]: parse(options) as unknown }]))).toBe(false)
  })

  test.each(Object.entries(GOOD))('takes a whole configuration: %s', (_, text) => {
    validate(parse(text))
    expect(validate.errors ?? []).toEqual([])
  })

  test('takes variables where something else than a text is expected', () => {
    const listener = (port: unknown) => ({ proxy: { listen: { port }, upstreams: { all: ['a:80'] } } })
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as files have it
    expect(validate(listener('${PORT:-8080}'))).toBe(true)
    expect(validate(listener('PORT'))).toBe(false)
  })

  test('says of each option of a filter the same as the reader', async () => {
    for (const [name, { schema }] of filterEntries) {
      const example = parse(optionsOf(name)) as object
      for (const [option, one] of Object.entries(schema))
        for (const sample of one === undefined ? [] : SAMPLES) {
          const options = { ...example, [configKey(option)]: JSON.parse(sample) as unknown }
          const published = validate(inFile([{ [configKey(name)]: options }]))
          if (published !== (await fits(one!, sample))) expect.unreachable(`${name}.${option}: ${sample}`)
        }
    }
  })
})

function optionsOf(name: string): string {
  const [example] = parse(FILE_EXAMPLES[name]!) as unknown[]
  const options = typeof example === 'object' ? Object.values(example as object)[0] : {}
  return JSON.stringify(options)
}

async function made<Made>({ schema, required, load }: NamedPart<Made>, options: string): Promise<Made> {
  const value = await readAs(optionsObject(schema, required), options)
  return ((await load()) as (options: unknown) => Made)(value)
}

async function fits(schema: Schema, text: string): Promise<boolean> {
  return readAs(schema, text).then(
    () => true,
    () => false,
  )
}

function wordsOf({ enum: words = [], anyOf = [], items }: Schema): unknown[] {
  if (items !== undefined) return wordsOf(items).map((word) => [word])
  return [...words, ...anyOf.flatMap(wordsOf)]
}
