import { mkdtempSync, readFileSync, renameSync, rmSync, write, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { FileSink } from './file-sink.ts'

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  return { ...real, write: vi.fn(real.write) }
})

type Written = (error: NodeJS.ErrnoException | null, bytes: number) => void

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'access-log-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

const written = (sink: FileSink, text: string) =>
  new Promise<unknown>((resolve) => sink.write(Buffer.from(text), 1, resolve))

describe('FileSink', () => {
  it('appends to what is there', async () => {
    const path = join(folder(), 'access.log')
    writeFileSync(path, 'old\n')
    const sink = new FileSink(path)
    expect(await written(sink, 'a\n')).toBeUndefined()
    expect(await written(sink, 'b\n')).toBeUndefined()
    sink.release()
    expect(readFileSync(path, 'utf8')).toBe('old\na\nb\n')
  })

  it('opens its path anew after a release, also one within a write', async () => {
    const path = join(folder(), 'access.log')
    const sink = new FileSink(path)
    await written(sink, 'a\n')
    renameSync(path, `${path}.1`)
    const within = written(sink, 'b\n')
    sink.release()
    await within
    await written(sink, 'c\n')
    sink.release()
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['a\nb\n', 'c\n'])
  })

  it('tells of a path that cannot be opened, and tries it again', async () => {
    const path = folder()
    const sink = new FileSink(join(path, 'none', 'access.log'))
    expect(await written(sink, 'a\n')).toMatchObject({ code: 'ENOENT' })
    expect(await written(sink, 'a\n')).toMatchObject({ code: 'ENOENT' })
  })

  it('begins a line of its own after one that the disk had no room for the rest of', async () => {
    const path = join(folder(), 'access.log')
    const sink = new FileSink(path)
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    const withRoom =
      (bytes: number) => (fd: number, lines: Buffer, _: unknown, __: unknown, ___: unknown, done: Written) =>
        bytes === 0 ? done(full, 0) : done(null, writeSync(fd, lines, 0, bytes))
    vi.mocked(write).mockImplementationOnce(withRoom(5) as never)
    vi.mocked(write).mockImplementationOnce(withRoom(0) as never)
    expect(await written(sink, '{1}\n{2}\n')).toBe(full)
    for (const line of ['{3}\n', '{4}\n']) await written(sink, line)
    sink.release()
    expect(readFileSync(path, 'utf8')).toBe('{1}\n{\n{3}\n{4}\n')
  })

  it('tells of a full disk', async () => {
    expect(await written(new FileSink('/dev/full'), 'a\n')).toMatchObject({ code: 'ENOSPC' })
  })
})
