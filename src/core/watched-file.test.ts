import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { WatchedFile } from './watched-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewright-watched-'))
  path = join(folder, 'list')
  return () => rmSync(folder, { recursive: true })
})

async function looked(file: WatchedFile): Promise<string> {
  const look = await file.look()
  if (look.kind === 'changed') return look.content.toString()
  return look.kind === 'failed' ? `${look.error.message.replace(folder, '')} ${look.times}` : '='
}

describe('WatchedFile', () => {
  test('gives what is there at first, and then what two looks in a row have found', async () => {
    const file = new WatchedFile(path, 100)
    writeFileSync(path, 'one')
    expect([await looked(file), await looked(file)]).toEqual(['one', '='])
    writeFileSync(path, 'tw')
    expect(await looked(file)).toBe('=')
    writeFileSync(path, 'two')
    expect([await looked(file), await looked(file), await looked(file)]).toEqual(['=', 'two', '='])
    // Something that was there for one look alone.
    writeFileSync(path, '')
    expect(await looked(file)).toBe('=')
    writeFileSync(path, 'two')
    expect([await looked(file), await looked(file)]).toEqual(['=', '='])
  })

  test('follows links that are replaced', async () => {
    for (const version of ['1', '2']) {
      mkdirSync(join(folder, version))
      writeFileSync(join(folder, version, 'list'), `version ${version}`)
    }
    symlinkSync('1', join(folder, '..data'))
    symlinkSync('..data/list', path)
    const file = new WatchedFile(path, 100)
    expect(await looked(file)).toBe('version 1')
    symlinkSync('2', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    expect([await looked(file), await looked(file)]).toEqual(['=', 'version 2'])
  })

  test('says how often it could not be read in a row, and why', async () => {
    const file = new WatchedFile(path, 3)
    expect([await looked(file), await looked(file)]).toEqual([
      '/list cannot be read (ENOENT) 1',
      '/list cannot be read (ENOENT) 2',
    ])
    writeFileSync(path, 'one')
    expect(await looked(file)).toBe('one')
    writeFileSync(path, 'four')
    expect(await looked(file)).toBe('/list is longer than 3 bytes 1')
    // Nothing that could be read, and it need not be.
    truncateSync(path, 2 ** 33)
    expect(await looked(file)).toBe('/list is longer than 3 bytes 2')
    rmSync(path)
    mkdirSync(path)
    expect(await looked(file)).toBe('/list is no file 3')
    rmSync(path, { recursive: true })
    writeFileSync(path, 'one')
    expect(await looked(file)).toBe('=')
  })
})
