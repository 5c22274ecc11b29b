/** Makes what follows from the schema of configuration files: `docs/gateway.schema.json` for editors, and the type of a configuration. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from 'json-schema-to-typescript'
import { configSchema } from '../src/config/schema/config-schema.ts'
import { publishedSchema } from './config-schema/json-schema.ts'
import { optionTexts } from './config-schema/option-texts.ts'

export const SCHEMA_FILE = 'docs/gateway.schema.json'
export const TYPES_FILE = 'src/config/gateway-config.ts'

/** The texts of both files, as they are to be. */
export async function configFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const files = globSync('src/{filters,cache,balancers,pool,proxy,transport,admin,core,discovery}/**/*.ts', {
    cwd: root,
  })
    .filter((file) => !file.endsWith('.test.ts'))
    .sort()
  const texts = optionTexts(files.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') })))
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:gatewright:gateway',
    title: 'A configuration of Gatewright',
    ...publishedSchema(configSchema, { for: 'editors', texts }),
  }
  const types = await compile(publishedSchema(configSchema, { for: 'types', texts }), 'GatewayConfig', {
    bannerComment: `/* Made by \`npm run docs\` of src/config/schema, with json-schema-to-typescript. Change that. */
// Texts of one form stand beside texts of any: editors show both.
/* oxlint-disable typescript/no-redundant-type-constituents */
import type { Duration, Size } from '../core/options.ts'

/** A value of your own code: \`./file.ts#name\`, from the folder of the file that says so. */
export interface FromModule {
  module: \`\${string}#\${string}\`
}
`,
    ignoreMinAndMaxItems: true,
    unreachableDefinitions: false,
    format: false,
  })
  return new Map([
    [SCHEMA_FILE, formatted(root, SCHEMA_FILE, `${JSON.stringify(schema)}\n`)],
    [TYPES_FILE, formatted(root, TYPES_FILE, types)],
  ])
}

/** Writes what has changed; `check`: says what is stale, and writes nothing. */
export async function makeConfigFiles(root: string, check: boolean): Promise<{ stale: readonly string[] }> {
  const files = await configFiles(root)
  const stale = [...files]
    .filter(
      ([file, text]) => !existsSync(join(root, file)) || readFileSync(join(root, file), 'utf8') !== text,
    )
    .map(([file]) => file)
  if (!check) for (const file of stale) writeFileSync(join(root, file), files.get(file)!)
  return { stale }
}

/** As `npm run format` would have it. */
function formatted(root: string, file: string, text: string): string {
  return execFileSync(join(root, 'node_modules/.bin/biome'), ['format', `--stdin-file-path=${file}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
}
