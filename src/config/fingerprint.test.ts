import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fingerprint } from './fingerprint.ts'

let folder: string
const LATER = Date.UTC(2100, 0, 1)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewright-fingerprint-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('fingerprint', () => {
  it('is that of the content: writing the same again changes nothing of it', async () => {
    const file = join(folder, 'a.yaml')
    writeFileSync(file, 'one')
    const first = await fingerprint(file, LATER)
    writeFileSync(file, 'one')
    utimesSync(file, 1, 1)
    const again = await fingerprint(file, LATER, first)
    expect(again.content).toBe(first.content)
    expect(again.stamp).not.toBe(first.stamp)
    writeFileSync(file, 'two')
    expect((await fingerprint(file, LATER, again)).content).not.toBe(first.content)
  })

  it('reads nothing again where nothing was written, unless the last write is too young to tell', async () => {
    const file = join(folder, 'a.yaml')
    writeFileSync(file, 'one')
    const first = await fingerprint(file, LATER)
    expect(await fingerprint(file, LATER, first)).toBe(first)
    const young = await fingerprint(file, 0)
    expect(young.fresh).toBe(true)
    // As if it had been written to within one tick of the clock.
    const stale = { ...young, content: 'of before' }
    expect((await fingerprint(file, LATER, stale)).content).toBe(first.content)
    expect((await fingerprint(file, LATER, { ...stale, fresh: false })).content).toBe('of before')
  })

  it('is that of what a link leads to: ConfigMaps of Kubernetes are changed by leading it elsewhere', async () => {
    for (const [version, text] of [
      ['..1', 'one'],
      ['..2', 'two'],
    ]) {
      mkdirSync(join(folder, version!))
      writeFileSync(join(folder, version!, 'a.yaml'), text!)
      utimesSync(join(folder, version!, 'a.yaml'), 1, 1)
    }
    symlinkSync('..1', join(folder, '..data'))
    symlinkSync('..data/a.yaml', join(folder, 'a.yaml'))
    const first = await fingerprint(join(folder, 'a.yaml'), LATER)
    symlinkSync('..2', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    expect((await fingerprint(join(folder, 'a.yaml'), LATER, first)).content).not.toBe(first.content)
  })

  it('of a folder is that of its names; of what cannot be read, that it cannot', async () => {
    const first = await fingerprint(folder, LATER)
    writeFileSync(join(folder, 'a.yaml'), '')
    expect((await fingerprint(folder, LATER, first)).content).not.toBe(first.content)
    expect((await fingerprint(join(folder, 'none'), LATER)).content).toBe('ENOENT')
  })
})
