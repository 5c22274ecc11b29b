import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

/** What is printed by a program that has imported all filters. */
async function printedBy(code: string): Promise<string> {
  const program = `import * as filters from 'gatewright/filters'; ${code}`
  const args = ['--conditions=gatewright-source', '--input-type=module', '--eval', program]
  return (await run(process.execPath, args)).stdout.trim()
}

const LOADED = `const { createRequire } = await import('node:module')
const loaded = Object.keys(createRequire(process.cwd() + '/').cache).some((file) => file.includes('prom-client'))
console.log(loaded)`

test.each([
  ['not loaded with filters', '', 'false'],
  ['loaded for metrics()', 'filters.metrics();', 'true'],
])('prom-client is %s', async (_, before, loaded) => {
  expect(await printedBy(`${before}\n${LOADED}`)).toBe(loaded)
})
