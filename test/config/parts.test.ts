import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { FILE_EXAMPLES } from '../../scripts/filter-pages/file-examples.ts'
import * as balancers from '../../src/balancers/index.ts'
import { balancerParts } from '../../src/config/balancer-parts.ts'
import { configKey } from '../../src/config/config-key.ts'
import { filterParts } from '../../src/config/filter-parts.ts'
import type { NamedPart } from '../../src/config/part.ts'
import { Problems } from '../../src/config/problems.ts'
import { type ConfigNode, child } from '../../src/config/reading/config-node.ts'
import { readDocument } from '../../src/config/reading/document.ts'
import { SourceFiles } from '../../src/config/reading/source-files.ts'
import { readValue } from '../../src/config/schema/read-value.ts'
import { optionsObject } from '../../src/config/schema/values.ts'
import { OptionError } from '../../src/core/options.ts'
import * as filters from '../../src/filters/index.ts'
import { pool } from '../../src/index.ts'

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

const ENV = { CLIENT_SECRET: 'a secret', AFFINITY_KEY: 'k'.repeat(32) }

const parts = Object.entries(filterParts)

describe('filterParts', () => {
  test('has every filter', () => {
    expect(Object.keys(filterParts).sort()).toEqual(
      ['cache', ...Object.keys(filters).filter((name) => !(name in NO_FILTERS))].sort(),
    )
    expect(Object.keys(filters)).toEqual(expect.arrayContaining(Object.keys(NO_FILTERS)))
  })

  test('has an example of every filter', () => {
    expect(Object.keys(FILE_EXAMPLES).sort()).toEqual(Object.keys(filterParts).sort())
  })

  test.each(parts)('%s is made of its example', async (name, part) => {
    const node = await optionsNode(name)
    const filter = await made(part, node)
    expect(filter).toBeTypeOf('function')
  })
})

async function optionsNode(name: string, text = FILE_EXAMPLES[name]!): Promise<ConfigNode> {
  const problems = new Problems()
  const node = await readDocument('gateway.yaml', text, { env: ENV, files: new SourceFiles() }, problems)
  problems.throwAny()
  const first = node?.kind === 'list' ? node.items[0] : undefined
  return child(first, configKey(name)) ?? { kind: 'map', entries: new Map(), path: '', place: node!.place }
}

async function made<Made>(part: NamedPart<Made>, node: ConfigNode): Promise<Made> {
  const problems = new Problems()
  const value = readValue(optionsObject(part.schema, part.required), node, problems, {
    module: () => () => undefined,
    upstream: () => pool(['http://10.0.0.1:8080']),
  })
  problems.throwAny()
  const make = (await part.load()) as (options: unknown) => Made
  return make(value)
}
