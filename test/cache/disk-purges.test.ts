import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { diskStore } from '../../src/cache/disk-store.ts'
import type { PurgeRecord } from '../../src/cache/purge-record.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewright-disk-'))
  file = join(folder, 'purges.log')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const purge = (id: string, part: Partial<PurgeRecord> = {}): PurgeRecord => ({
  kind: 'tag',
  value: `tag ${id}`,
  soft: false,
  time: 1_790_000_000_000.5,
  id,
  ...part,
})

/** Opens the store, and gives what it has kept. */
async function kept(): Promise<PurgeRecord[]> {
  const store = diskStore({ path: folder })
  const records: PurgeRecord[] = []
  await store.purges!((record) => records.push(record))
  await store.close()
  return records
}

async function keep(...records: readonly PurgeRecord[]): Promise<void> {
  const store = diskStore({ path: folder })
  await Promise.all(records.map((record) => store.purged!(record)))
  await store.close()
}

describe('a store on disk keeps the records of purges', () => {
  test('over a restart, in their order', async () => {
    const some = [purge('1', { value: 'ü\n"\0' }), purge('2', { kind: 'pattern', soft: true }), purge('3')]
    await keep(...some)
    await keep(purge('4', { kind: 'everything', value: '' }))
    expect(await kept()).toEqual([...some, purge('4', { kind: 'everything', value: '' })])
  })

  test('and tells those who listen already', async () => {
    const store = diskStore({ path: folder })
    const told: string[] = []
    await store.purges!(({ id }) => told.push(id))
    await store.purged!(purge('1'))
    expect(told).toEqual(['1'])
    await store.close()
  })

  test('but for one that was being written when the process was killed, which harms no other', async () => {
    await keep(purge('1'), purge('2'))
    const whole = readFileSync(file)
    for (let length = whole.byteLength - 1; length > whole.indexOf('\n'); length -= 12) {
      writeFileSync(file, whole.subarray(0, length))
      expect(await kept()).toEqual([purge('1')])
      await keep(purge('3'))
      expect(await kept()).toEqual([purge('1'), purge('3')])
      writeFileSync(file, whole)
    }
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['a byte of it has changed', (bytes) => bytes.with(40, bytes[40]! ^ 1) as Buffer],
    [
      'it is no line of this file',
      (bytes) => Buffer.concat([Buffer.from('garbage\n'), bytes.subarray(bytes.indexOf('\n') + 1)]),
    ],
    ['it is empty', (bytes) => Buffer.concat([Buffer.from('\n'), bytes.subarray(bytes.indexOf('\n') + 1)])],
  ])('as one about everything until then, where %s', async (_, damage) => {
    await keep(purge('1'), purge('2'))
    writeFileSync(file, damage(readFileSync(file)))
    utimesSync(file, 1_000, 1_000)
    const everything = { kind: 'everything', value: '', soft: false, time: 1_000_000, id: expect.any(String) }
    expect(await kept()).toEqual([everything, purge('2')])
    // It is about no more when the file has changed.
    await keep(purge('3'))
    expect(await kept()).toEqual([everything, purge('2'), purge('3')])
  })

  test('in a file that does not grow without end', async () => {
    const store = diskStore({ path: folder })
    for (let i = 0; i < 1_100; i++) void store.purged!(purge(String(i), { value: 'same', time: i }))
    await store.purged!(purge('last', { value: 'same', time: 1_100 }))
    await store.close()
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(1_010)
    expect(readdirSync(folder)).toEqual(['purges.log'])
    expect(await kept()).toEqual([purge('last', { value: 'same', time: 1_100 })])
  })

  test('after a write that has failed too', async () => {
    await keep(purge('1'))
    const store = diskStore({ path: folder })
    await store.find('warm')
    rmSync(folder, { recursive: true })
    await expect(store.purged!(purge('2'))).rejects.toThrow('ENOENT')
    await expect(store.purged!(purge('3', { value: 'x'.repeat(9_000) }))).rejects.toThrow(RangeError)
    await diskStore({ path: folder }).find('makes the folder')
    await store.purged!(purge('4'))
    await store.close()
    expect(statSync(file).size).toBeGreaterThan(0)
    expect((await kept()).map(({ id }) => id)).toEqual(['1', '2', '4'])
  })

  test('which an unfinished copy of the file does not disturb', async () => {
    await keep(purge('1'))
    appendFileSync(`${file}.part`, 'half')
    expect(await kept()).toEqual([purge('1')])
    expect(readdirSync(folder)).toEqual(['purges.log'])
  })
})
