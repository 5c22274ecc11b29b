import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** An object of Kubernetes, as a file has it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
}

interface Checked {
  validate(): void
}

type Models = Readonly<Record<string, new (data: Manifest) => Checked>>

/** What the schema of its kind says of it, and what its type says of keys that no schema knows. */
export async function flawsOf(manifests: readonly Manifest[]): Promise<string[]> {
  const flaws = await Promise.all(manifests.map(schemaFlaw))
  return [...flaws.flat(), ...(await unknownKeys(manifests))]
}

async function schemaFlaw(manifest: Manifest): Promise<string[]> {
  const models = (await import(moduleOf(manifest))) as Models
  const Model = models[manifest.kind]
  if (Model === undefined) return [`${manifest.kind}: no such kind in ${manifest.apiVersion}`]
  try {
    new Model(manifest).validate()
    return []
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`]
  }
}

/** Schemas of Kubernetes let unknown keys pass. As literals of their types, they do not compile. */
async function unknownKeys(manifests: readonly Manifest[]): Promise<string[]> {
  await mkdir('node_modules/.cache', { recursive: true })
  const folder = await mkdtemp('node_modules/.cache/manifests-')
  const file = join(folder, 'manifests.ts')
  const lines = manifests.flatMap((manifest, i) => [
    `import type { I${manifest.kind} as Kind${i} } from '${moduleOf(manifest)}'`,
    `export const manifest${i}: Kind${i} = ${JSON.stringify(manifest)}`,
  ])
  await writeFile(file, lines.join('\n'))
  try {
    await promisify(execFile)('node_modules/.bin/tsc', [
      ...['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig'],
      ...['--module', 'nodenext', '--types', '', file],
    ])
    return []
  } catch (error) {
    return (error as { stdout: string }).stdout.trim().split('\n')
  } finally {
    await rm(folder, { recursive: true })
  }
}

function moduleOf({ apiVersion }: Manifest): string {
  const from = apiVersion.startsWith('monitoring.coreos.com/')
    ? '@kubernetes-models/prometheus-operator'
    : 'kubernetes-models'
  return `${from}/${apiVersion}`
}
