import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hashOf, variantHashOf } from '../../src/cache/disk-files.ts'
import { diskStore } from '../../src/cache/disk-store.ts'
import { bytes, cacheStoreChecks, chunks, head } from '../../src/testing/cache-store-checks.ts'
import { contentOf } from './told-content.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewright-disk-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const files = () => readdirSync(folder).sort()
const sizeOnDisk = () => files().reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
const put = (store: ReturnType<typeof diskStore>, key: string, size: number) =>
  store.put(key, head({ reason: String(size) }), chunks(contentOf(key, size), 9_999))

describe('a store on disk', () => {
  test.each(Object.entries(cacheStoreChecks))('%s', async (_, check) => {
    const store = diskStore({ path: folder })
    await check(store)
    await store.close()
  })

  test('has after a restart what it had before, and what it stores then takes the place of that', async () => {
    const before = diskStore({ path: folder })
    await put(before, 'a', 100_000)
    await put(before, 'b', 10)
    await before.close()
    const after = diskStore({ path: folder })
    expect(await bytes((await after.find('a'))[0]!.read())).toEqual(contentOf('a', 100_000))
    await put(after, 'b', 20)
    expect((await after.find('b')).map(({ length }) => length)).toEqual([20])
    expect(files()).toHaveLength(4)
    await after.close()
  })

  test('keeps the newest 32 responses of a key, also after a restart', async () => {
    const store = diskStore({ path: folder })
    for (let i = 0; i < 40; i++) await store.put('k', head({ variant: `v${i}` }), chunks(Buffer.from('x'), 1))
    const kept = Array.from({ length: 32 }, (_, i) => `v${39 - i}`)
    expect((await store.find('k')).map((it) => it.head.variant)).toEqual(kept)
    expect(files()).toHaveLength(64)
    await store.close()
    const after = diskStore({ path: folder })
    await after.put('k', head({ variant: 'one more' }), chunks(Buffer.from('x'), 1))
    expect(new Set((await after.find('k')).map((it) => it.head.variant))).toEqual(
      new Set(['one more', ...kept.slice(0, 31)]),
    )
    await after.close()
  })

  test('leaves nothing of a response whose head cannot be written', async () => {
    const store = diskStore({ path: folder })
    await put(store, 'other', 10)
    const before = files()
    // Where the head would be written first, there is something already.
    const inTheWay = `${hashOf('k')}-${variantHashOf('')}-4-3.head.part`
    writeFileSync(join(folder, inTheWay), '')
    await expect(put(store, 'k', 100)).rejects.toThrow('EEXIST')
    expect(files()).toEqual(before)
    expect(await put(store, 'k', 100)).toBe(true)
    await store.close()
  })

  test('opens its folder again where that could not be used before', async () => {
    const path = join(folder, 'pages')
    writeFileSync(path, 'a file in its place')
    const store = diskStore({ path })
    await expect(store.find('k')).rejects.toThrow('EEXIST')
    rmSync(path)
    expect(await put(store, 'k', 100)).toBe(true)
    expect(await store.find('k')).toHaveLength(1)
    await store.close()
  })

  test('has no more on disk than it may, lets the least recently used go, and refuses what is too large', async () => {
    const store = diskStore({ path: folder, maxBytes: '100kb', maxEntryBytes: '50kb' })
    for (const key of ['a', 'b']) await put(store, key, 40_000)
    await store.find('a')
    await put(store, 'c', 40_000)
    expect(
      (await Promise.all(['a', 'b', 'c'].map((key) => store.find(key)))).map(({ length }) => length),
    ).toEqual([1, 0, 1])
    expect(await put(store, 'd', 51_201)).toBe(false)
    expect(await store.find('d')).toEqual([])
    for (let i = 0; i < 30; i++) await put(store, `many ${i}`, i * 1_000)
    expect(sizeOnDisk()).toBeLessThanOrEqual(102_400)
    await store.close()
    const smaller = diskStore({ path: folder, maxBytes: '20kb' })
    await smaller.find('a')
    expect(sizeOnDisk()).toBeLessThanOrEqual(20_480)
    await smaller.close()
  })

  test.each<[string, (file: string) => void]>([
    ['a bit of its content has changed', (file) => flip(file, 70_000)],
    ['its content has lost its end', (file) => truncateSync(file, 70_000)],
    ['its content is gone', (file) => rmSync(file)],
  ])('never gives anything wrong where %s', async (_, damage) => {
    const store = diskStore({ path: folder })
    await put(store, 'a', 100_000)
    damage(join(folder, files().find((file) => file.endsWith('.content'))!))
    const [found] = await store.find('a')
    await expect(bytes(found!.read())).rejects.toThrow()
    expect([await store.find('a'), files()]).toEqual([[], []])
    await store.close()
  })

  test.each<[string, (file: string) => void]>([
    ['a bit of its head has changed', (file) => flip(file, 30)],
    ['its head has lost its end', (file) => truncateSync(file, 30)],
    ['its head is empty', (file) => truncateSync(file, 0)],
    ['its head is of another format', (file) => writeFileSync(file, '{}')],
  ])('does not find it where %s', async (_, damage) => {
    const store = diskStore({ path: folder })
    await put(store, 'a', 100)
    damage(join(folder, files().find((file) => file.endsWith('.head'))!))
    expect([await store.find('a'), files()]).toEqual([[], []])
    await store.close()
  })

  test('removes at its start what belongs to nothing', async () => {
    for (const name of ['7.content', 'x.part', `${'a'.repeat(40)}-${'b'.repeat(16)}-3-2.head`])
      writeFileSync(join(folder, name), 'left over')
    const store = diskStore({ path: folder })
    expect([await store.find('a'), files()]).toEqual([[], []])
    await store.close()
  })

  test('rejects where its folder cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '')
    const store = diskStore({ path: join(folder, 'file', 'below') })
    await expect(store.find('a')).rejects.toThrow()
    await store.close()
  })

  test.each<[string, object]>([
    ['path', {}],
    ['path', { path: '' }],
    ['maxBytes', { path: 'x', maxBytes: -1 }],
    ['maxEntryBytes', { path: 'x', maxBytes: '1kb', maxEntryBytes: '2kb' }],
    ['maxbytes', { path: 'x', maxbytes: 1 }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => diskStore(options as { path: string })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })

  test(
    'killed in the middle of its writing, again and again, never gives anything wrong',
    async () => {
      const times = Number(process.env.GATEWRIGHT_DISK_KILLS ?? 8)
      let found = 0
      for (let time = 0; time < times; time++) {
        const writer = spawn(
          process.execPath,
          [
            '--conditions=gatewright-source',
            join(import.meta.dirname, 'disk-killed.ts'),
            folder,
            String(time),
          ],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        )
        let rounds = 0
        for await (const dots of writer.stdout.iterator({ destroyOnReturn: false })) {
          rounds += (dots as Buffer).byteLength
          if (rounds > 1 + (time % 3)) break
        }
        // It is killed at another moment each time; which one that is does not matter to the outcome.
        for (let turn = 0; turn < (time * 7_919) % 300; turn++) await new Promise(setImmediate)
        writer.kill('SIGKILL')
        await once(writer, 'exit')
        const store = diskStore({ path: folder, maxBytes: '4mb' })
        for (let seed = 0; seed <= time; seed++)
          for (let round = 0; round < 5; round++)
            for (let i = 0; i < 8; i++) {
              const key = `${seed}-${round}-${i}`
              for (const one of await store.find(key)) {
                found++
                expect(one.head.reason).toBe(String(one.length))
                expect((await bytes(one.read())).equals(contentOf(key, one.length))).toBe(true)
              }
            }
        await store.close()
        const heads = files().filter((file) => file.endsWith('.head')).length
        expect(files()).toHaveLength(heads * 2)
        expect(sizeOnDisk()).toBeLessThanOrEqual(4 * 1024 * 1024)
      }
      expect(found).toBeGreaterThan(times)
    },
    120_000 + 4_000 * Number(process.env.GATEWRIGHT_DISK_KILLS ?? 0),
  )
})

function flip(file: string, at: number): void {
  const all = readFileSync(file)
  all[at]! ^= 1
  writeFileSync(file, all)
}
