import { createHash } from 'node:crypto'
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { readHead, type WrittenHead, writeHead } from './stored-head-text.ts'
import { SUM_BYTES, writePieces } from './summed-pieces.ts'

const BLOCK_BYTES = 65_536

/**
 * Which files a stored response has. `hash` stands for its key, `variant` for its variant. Heads and contents have numbers that
 * only grow: of two heads of one response, the one with the higher number counts.
 */
export interface EntryName {
  readonly hash: string
  readonly variant: string
  readonly head: number
  readonly content: number
}

export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40)
}

export function variantHashOf(variant: string): string {
  return createHash('sha256').update(variant).digest('hex').slice(0, 16)
}

export function headFile({ hash, variant, head, content }: EntryName): string {
  return `${hash}-${variant}-${head}-${content}.head`
}

export function contentFile({ content }: Pick<EntryName, 'content'>): string {
  return `${content}.content`
}

/** The name of a head's file, read; `undefined` for any other. */
export function entryNameOf(file: string): EntryName | undefined {
  const found = /^([0-9a-f]{40})-([0-9a-f]{16})-(\d{1,15})-(\d{1,15})\.head$/.exec(file)
  if (found === null) return undefined
  return { hash: found[1]!, variant: found[2]!, head: Number(found[3]), content: Number(found[4]) }
}

/** Bytes that a content of this length has on disk. */
export function fileBytes(length: number): number {
  return length + Math.ceil(length / BLOCK_BYTES) * SUM_BYTES
}

/**
 * Writes a head so that it is there whole, or not at all: under another name first. The machine may still lose what it has not
 * written to its disk when it loses power; the sum tells then.
 */
export async function writeHeadFile(folder: string, name: EntryName, written: WrittenHead): Promise<number> {
  const text = Buffer.from(writeHead(written), 'utf8')
  const bytes = Buffer.allocUnsafe(SUM_BYTES + text.byteLength)
  bytes.writeUInt32LE(crc32(text), 0)
  text.copy(bytes, SUM_BYTES)
  const to = join(folder, headFile(name))
  const from = `${to}.part`
  try {
    await writeFile(from, bytes, { flag: 'wx' })
    await rename(from, to)
  } catch (error) {
    await rm(from, { force: true })
    throw error
  }
  return bytes.byteLength
}

/** `undefined` for what is gone or damaged. */
export async function readHeadFile(folder: string, name: EntryName): Promise<WrittenHead | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(join(folder, headFile(name)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (bytes.byteLength < SUM_BYTES) return undefined
  const text = bytes.subarray(SUM_BYTES)
  return crc32(text) === bytes.readUInt32LE(0) ? readHead(text.toString('utf8')) : undefined
}

/**
 * Writes a content in blocks, each behind its sum. Resolves with its length; with `undefined`, and nothing written, when it is
 * longer than `maxBytes`.
 */
export async function writeContentFile(
  folder: string,
  name: Pick<EntryName, 'content'>,
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<number | undefined> {
  const path = join(folder, contentFile(name))
  const file = await open(path, 'wx')
  let whole = false
  try {
    const length = await writeBlocks(file, content, maxBytes)
    whole = length !== undefined
    return length
  } finally {
    await file.close()
    if (!whole) await rm(path, { force: true })
  }
}

async function writeBlocks(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<number | undefined> {
  const block = Buffer.allocUnsafe(SUM_BYTES + BLOCK_BYTES)
  const write = async (bytes: Buffer) => {
    bytes.writeUInt32LE(crc32(bytes.subarray(SUM_BYTES)), 0)
    let from = 0
    while (from < bytes.byteLength)
      from += (await file.write(bytes, from, bytes.byteLength - from)).bytesWritten
  }
  return writePieces(content, { pieceBytes: BLOCK_BYTES, maxBytes, empty: () => block, write })
}

/** Gives the bytes `from` up to but without `to` of a content that is `length` bytes long. Throws for a file that is damaged. */
export async function* readContentFile(
  folder: string,
  name: Pick<EntryName, 'content'>,
  length: number,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const file = await open(join(folder, contentFile(name)), 'r')
  try {
    if ((await file.stat()).size !== fileBytes(length)) throw damaged(name)
    for (let number = Math.floor(from / BLOCK_BYTES); number * BLOCK_BYTES < to; number++) {
      const start = number * BLOCK_BYTES
      const block = await readBlock(file, number, Math.min(BLOCK_BYTES, length - start), name)
      yield block.subarray(Math.max(from - start, 0), Math.min(to - start, block.byteLength))
    }
  } finally {
    await file.close()
  }
}

async function readBlock(
  file: FileHandle,
  number: number,
  size: number,
  name: Pick<EntryName, 'content'>,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(SUM_BYTES + size)
  const at = number * (SUM_BYTES + BLOCK_BYTES)
  let read = 0
  while (read < bytes.byteLength) {
    const { bytesRead } = await file.read(bytes, read, bytes.byteLength - read, at + read)
    if (bytesRead === 0) throw damaged(name)
    read += bytesRead
  }
  const block = bytes.subarray(SUM_BYTES)
  if (crc32(block) !== bytes.readUInt32LE(0)) throw damaged(name)
  return block
}

function damaged(name: Pick<EntryName, 'content'>): Error {
  return new Error(`the cache's file ${contentFile(name)} is damaged`)
}
