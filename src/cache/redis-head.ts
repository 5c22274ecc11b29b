import { crc32 } from 'node:zlib'
import { secretBytes } from '../core/secret.ts'
import { readHead, type WrittenHead, writeHead } from './stored-head-text.ts'

/** What is kept of a response in Redis beside its content. */
export interface RedisHead extends WrittenHead {
  /** Of its content. */
  readonly id: string
  /** When it was stored: between which two times that everything was removed. */
  readonly epoch: string
}

/** Characters of an id: 128 bits. */
export const ID_LENGTH = 22
const SUM_BYTES = 4
const TEXT_AT = 2 * ID_LENGTH + SUM_BYTES

/** Unlike any other, by whomever it was made. */
export function freshId(): string {
  return secretBytes(16).toString('base64url')
}

export function isId(text: string): boolean {
  return /^[\w-]{22}$/.test(text)
}

/** Both ids, a checksum of them and the text, and the text. Redis puts the time until which it is kept before it. */
export function encodeHead(head: RedisHead): Buffer {
  const { id, epoch, ...written } = head
  const text = Buffer.from(writeHead(written), 'utf8')
  const sum = Buffer.allocUnsafe(SUM_BYTES)
  sum.writeUInt32LE(sumOf(id, epoch, text), 0)
  return Buffer.concat([Buffer.from(id + epoch, 'latin1'), sum, text])
}

/** `undefined` for what `encodeHead` has not made. */
export function decodeHead(bytes: unknown): RedisHead | undefined {
  if (!Buffer.isBuffer(bytes) || bytes.byteLength < TEXT_AT) return undefined
  const id = bytes.toString('latin1', 0, ID_LENGTH)
  const epoch = bytes.toString('latin1', ID_LENGTH, 2 * ID_LENGTH)
  const text = bytes.subarray(TEXT_AT)
  if (!isId(id) || !isId(epoch) || bytes.readUInt32LE(2 * ID_LENGTH) !== sumOf(id, epoch, text))
    return undefined
  const written = readHead(text.toString('utf8'))
  return written === undefined ? undefined : { ...written, id, epoch }
}

function sumOf(id: string, epoch: string, text: Buffer): number {
  return crc32(text, crc32(id + epoch))
}
