import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { VERSION } from '../../core/version.ts'
import { installedSpec } from './installed-spec.ts'

describe('installedSpec', () => {
  test('is the tarball that npm has it from', async () => {
    const { project, module } = await installed({ resolved: 'file:../tarballs/gatewright-0.1.0.tgz' })
    expect(installedSpec(module)).toBe(`file:${join(project, '../tarballs/gatewright-0.1.0.tgz')}`)
  })

  test('is a version where npm has it from a registry', async () => {
    const { module } = await installed({
      resolved: 'https://registry.npmjs.org/gatewright/-/gatewright-0.1.0.tgz',
    })
    expect(installedSpec(module)).toBe(`^${VERSION}`)
  })

  test.each([['{'], ['[]'], ['{"packages":7}'], ['{"packages":{"node_modules/gatewright":{"resolved":7}}}']])(
    'is a version where npm says nothing that makes sense: %s',
    async (lock) => {
      const { module } = await installed({ lock })
      expect(installedSpec(module)).toBe(`^${VERSION}`)
    },
  )

  test('is a version where another than npm has installed it', async () => {
    const { module } = await installed({})
    expect(installedSpec(module)).toBe(`^${VERSION}`)
  })

  test('is the folder of a clone', async () => {
    const { module } = await installed({ at: 'gatewright' })
    expect(installedSpec(module)).toMatch(/^file:.*\/project\/gatewright$/)
  })

  test('is a version where there is no package', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gatewright-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    expect(installedSpec(pathToFileURL(join(folder, 'main.js')).href)).toBe(`^${VERSION}`)
  })
})

interface Installed {
  readonly at?: string
  readonly resolved?: string
  readonly lock?: string
}

/** A package as npm leaves it, and a module in it. */
async function installed({ at = 'node_modules/gatewright', resolved, lock }: Installed) {
  const folder = await mkdtemp(join(tmpdir(), 'gatewright-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const project = join(folder, 'project')
  const root = join(project, at)
  await mkdir(join(root, 'dist/cli'), { recursive: true })
  await writeFile(join(root, 'package.json'), '{"name":"gatewright"}')
  const text =
    resolved === undefined
      ? lock
      : JSON.stringify({ packages: { 'node_modules/gatewright': { version: '0.1.0', resolved } } })
  if (text !== undefined) await writeFile(join(project, 'node_modules/.package-lock.json'), text)
  return { project, module: pathToFileURL(join(root, 'dist/cli/main.js')).href }
}
