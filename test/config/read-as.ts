import { Problems } from '../../src/config/problems.ts'
import { readDocument } from '../../src/config/reading/document.ts'
import { SourceFiles } from '../../src/config/reading/source-files.ts'
import { readValue } from '../../src/config/schema/read-value.ts'
import type { Schema } from '../../src/config/schema/schema.ts'
import { pool } from '../../src/index.ts'

const env = { CLIENT_SECRET: 'a secret', AFFINITY_KEY: 'k'.repeat(32) }

/**
 * What the builder is given for a text of a file. Modules have one function each, and upstreams one endpoint.
 * @throws ConfigError
 */
export async function readAs(schema: Schema, text: string): Promise<unknown> {
  const problems = new Problems()
  const node = await readDocument('gateway.yaml', text, { env, files: new SourceFiles() }, problems)
  problems.throwAny()
  const value = readValue(schema, node!, problems, {
    module: () => () => undefined,
    upstream: () => pool(['http://10.0.0.1:8080']),
  })
  problems.throwAny()
  return value
}
