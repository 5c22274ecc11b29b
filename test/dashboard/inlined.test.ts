import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Options } from 'tsup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as source from '../../src/admin/dashboard/files.ts'
import config from '../../tsup.config.ts'

describe('inlineDashboard', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatewright-dashboard-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('has the package serve the very bytes of the source, and read no file', async () => {
    const entry = ['src/admin/dashboard/files.ts']
    await build({ ...(config as Options), config: false, entry, outDir: folder, silent: true })
    const built = (await import(
      /* @vite-ignore */ pathToFileURL(join(folder, 'files.js')).href
    )) as typeof source
    expect(built.dashboardPaths()).toEqual(source.dashboardPaths())
    for (const path of source.dashboardPaths())
      expect(built.dashboardFile(path)!.bytes.equals(source.dashboardFile(path)!.bytes)).toBe(true)
  })
})
