import { HeaderList } from '../core/headers.ts'
import type { StoredHead } from './stored-response.ts'

/** What is written of a response beside its content. */
export interface WrittenHead {
  readonly key: string
  readonly head: StoredHead
  /** Bytes of the content. */
  readonly length: number
}

/** A stored head as text, for stores outside of the process. */
export function writeHead({ key, head, length }: WrittenHead): string {
  return JSON.stringify({ v: VERSION, key, length, ...head, headers: [...head.headers] })
}

/** The same from text; `undefined` for what `writeHead` has not written, in this version of the format. */
export function readHead(text: string): WrittenHead | undefined {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isWritten(read)) return undefined
  const { key, length, status, reason, requestTime, responseTime, variant, tags } = read
  let headers: HeaderList
  try {
    headers = HeaderList.from(read.headers)
  } catch {
    return undefined
  }
  return { key, length, head: { status, reason, headers, requestTime, responseTime, variant, tags } }
}

const VERSION = 1

interface Written extends Omit<StoredHead, 'headers'> {
  readonly v: number
  readonly key: string
  readonly length: number
  readonly headers: readonly [string, string][]
}

function isWritten(read: unknown): read is Written {
  if (typeof read !== 'object' || read === null) return false
  const it = read as Partial<Record<keyof Written, unknown>>
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  const areTexts = (list: unknown) => Array.isArray(list) && list.every((one) => typeof one === 'string')
  return (
    it.v === VERSION &&
    typeof it.key === 'string' &&
    typeof it.variant === 'string' &&
    isCount(it.length) &&
    isCount(it.status) &&
    (it.reason === undefined || typeof it.reason === 'string') &&
    Number.isFinite(it.requestTime) &&
    Number.isFinite(it.responseTime) &&
    areTexts(it.tags) &&
    Array.isArray(it.headers) &&
    it.headers.every((pair) => areTexts(pair) && pair.length === 2)
  )
}
