/** Every microbenchmark of this folder, one after the other: `npm run bench [-- --smoke] [name ...]`. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

interface Benchmark {
  run(options: { smoke: boolean }): Promise<void>
}

const { values, positionals } = parseArgs({
  options: { smoke: { type: 'boolean', default: false } },
  allowPositionals: true,
})

const own = basename(import.meta.filename)
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== own)
  .map((file) => file.slice(0, -'.ts'.length))
for (const name of positionals) {
  if (!names.includes(name)) throw new Error(`no benchmark "${name}": there are ${names.join(', ')}`)
}

for (const name of names) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.log(`\n${name}`)
  const benchmark = (await import(join(import.meta.dirname, `${name}.ts`))) as Benchmark
  await benchmark.run(values)
}
