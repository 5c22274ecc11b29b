import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type RecordedExchange, RecordingWriter, readRecording } from './recording-file.ts'

/** Where the disk is full, and how many bytes it takes at a time. */
const disk = vi.hoisted(() => ({ end: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY }))

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const writeSync = (file: number, bytes: Buffer, from: number, length: number, at: number): number => {
    const taken = Math.min(length, disk.most, disk.end - at)
    if (taken <= 0) throw new Error('ENOSPC: no space left on device')
    return fs.writeSync(file, bytes, from, taken, at)
  }
  return { ...fs, writeSync }
})

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-file-'))
  file = join(folder, 'recording.json')
})

afterEach(() => {
  Object.assign(disk, { end: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY })
  rmSync(folder, { recursive: true })
})

const exchange = (target: string): RecordedExchange => ({
  pool: 'p',
  endpoint: 'http://e',
  request: { method: 'GET', target, headers: [] },
  response: { status: 200, afterMs: 1, headers: ['X-A: ünï'], body: { json: { a: ['"}]', {}] } } },
})

test('RecordingWriter writes what one JSON.stringify of everything would', () => {
  const writer = new RecordingWriter(file)
  const all = ['/ä', '/b', '/c'].map(exchange)
  for (const [i, it] of all.entries()) {
    writer.append(it)
    const whole = { format: 'gatewright-recording', version: 1, exchanges: all.slice(0, i + 1) }
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(whole, undefined, 2)}\n`)
  }
  writer.close()
  expect(readRecording(file)).toEqual(all)
  expect(() => writer.append(exchange('/d'))).toThrow(`the recording ${file} is closed`)
})

test('RecordingWriter goes on where the system has taken a part only', () => {
  disk.most = 7
  const writer = new RecordingWriter(file)
  writer.append(exchange('/a'))
  writer.close()
  expect(readRecording(file)).toEqual([exchange('/a')])
})

test('RecordingWriter leaves the file as it was when it cannot write', () => {
  const writer = new RecordingWriter(file)
  for (const known of [[], [exchange('/a')]]) {
    const before = readFileSync(file, 'utf8')
    disk.end = Buffer.byteLength(before) + 50
    expect(() => writer.append(exchange('/lost'))).toThrow('ENOSPC: no space left on device')
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(readRecording(file)).toEqual(known)
    disk.end = Number.POSITIVE_INFINITY
    writer.append(exchange(known.length === 0 ? '/a' : '/b'))
  }
  writer.close()
  expect(readRecording(file)).toEqual([exchange('/a'), exchange('/b')])
})

test.skipIf(process.platform === 'win32')(
  'RecordingWriter keeps the file for its owner alone, also one that was there',
  () => {
    for (let i = 0; i < 2; i++) {
      new RecordingWriter(file).close()
      expect(statSync(file).mode & 0o777).toBe(0o600)
      chmodSync(file, 0o644)
    }
  },
)
