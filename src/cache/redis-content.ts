import { crc32 } from 'node:zlib'
import { redisScript } from '../core/redis-script.ts'
import type { RedisLine } from './redis-line.ts'
import { SUM_BYTES, writePieces } from './summed-pieces.ts'

const PIECE_BYTES = 262_144

/** How long a content is kept of which nothing came any more: that of a writer that has died. */
const UNFINISHED_MS = 600_000

/** Where the pieces of a content are: in a hash, under numbers. */
export interface ContentPlace {
  readonly key: string
  /** Unlike that of any other content: what was replaced is not taken for what has replaced it. */
  readonly id: string
}

const WRITE_PIECE = redisScript(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
`)

export function piecesOf(length: number): number {
  return Math.ceil(length / PIECE_BYTES)
}

/**
 * Writes a content in pieces, each behind its sum: one is on its way while the next one is filled. Resolves with its length; with
 * `undefined` when it is longer than `maxBytes`.
 */
export async function writeContent(
  line: RedisLine,
  place: ContentPlace,
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<number | undefined> {
  let written: Promise<unknown> = Promise.resolve()
  const write = async (bytes: Buffer, number: number) => {
    await written
    bytes.writeUInt32LE(sumOf(place, number, bytes), 0)
    written = line.withPiece(() =>
      line.run(WRITE_PIECE, [place.key], [String(number), bytes, String(UNFINISHED_MS)]),
    )
    // It is awaited before the next piece goes, or at the end.
    written.catch(() => {})
  }
  const length = await writePieces(content, { pieceBytes: PIECE_BYTES, maxBytes, empty: emptyPiece, write })
  if (length !== undefined) await written
  return length
}

/**
 * Gives the bytes `from` up to but without `to` of a content that is `length` bytes long, one piece ahead of its reader. Throws
 * where a piece is gone or damaged.
 */
export async function* readContent(
  line: RedisLine,
  place: ContentPlace,
  length: number,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(to, length)
  if (from >= end) return
  let number = Math.floor(from / PIECE_BYTES)
  let next = readPiece(line, place, number, length)
  for (;;) {
    const piece = await next
    const start = number * PIECE_BYTES
    const more = start + PIECE_BYTES < end
    if (more) {
      next = readPiece(line, place, ++number, length)
      // A reader that leaves does not wait for it.
      next.catch(() => {})
    }
    yield piece.subarray(Math.max(from - start, 0), Math.min(end - start, piece.byteLength))
    if (!more) return
  }
}

async function readPiece(
  line: RedisLine,
  place: ContentPlace,
  number: number,
  length: number,
): Promise<Buffer> {
  const bytes = await line.withPiece(() => line.send(place.key, ['HGET', place.key, String(number)]))
  if (bytes === null || bytes === undefined)
    throw new Error('the content is not in Redis any more: it was replaced, removed or has expired')
  const size = Math.min(PIECE_BYTES, length - number * PIECE_BYTES)
  if (
    !Buffer.isBuffer(bytes) ||
    bytes.byteLength !== SUM_BYTES + size ||
    bytes.readUInt32LE(0) !== sumOf(place, number, bytes)
  )
    throw new Error('the content in Redis is damaged')
  return bytes.subarray(SUM_BYTES)
}

function emptyPiece(): Buffer {
  return Buffer.allocUnsafeSlow(SUM_BYTES + PIECE_BYTES)
}

/** Of the bytes and of where they belong. */
function sumOf({ id }: ContentPlace, number: number, piece: Buffer): number {
  return crc32(piece.subarray(SUM_BYTES), crc32(`${id}:${number}`))
}
