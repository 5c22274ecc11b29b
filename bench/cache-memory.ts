/**
 * What a stored response costs in memory beside its content, its key and the text of its head: 100 000 responses of 1 KiB with
 * ten fields are put into a cache, and the heap and the memory outside of it are read before and after.
 *
 *     node --conditions=gatewright-source bench/cache-memory.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { respond } from 'gatewright'
import { cache } from 'gatewright/cache'
import { exchange } from 'gatewright/testing'

export interface EntryCost {
  /** Bytes of each entry: measured, and as the cache counts them. */
  readonly heldBytes: number
  readonly countedBytes: number
  /** Of the measured ones, what is neither content nor text of key and head. */
  readonly overheadBytes: number
}

const CONTENT_BYTES = 1_024

/** Puts so many entries into a cache, by requests. */
export async function entryCost(entries: number): Promise<EntryCost> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = () => {
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const stored = cache({ maxBytes: '4gb', maxEntryBytes: '1mb' })
  const ask = async (i: number) => {
    const asked = exchange({ url: urlOf(i) })
    const { fields, text } = headOf(i, asked.clock.wallTime())
    const response = await stored(asked, () => respond(200, Buffer.alloc(CONTENT_BYTES, i), fields))
    await response.body.buffer()
    return text
  }
  // What is made once is not counted: compiled code, interned names.
  for (let i = 0; i < 1_000; i++) await ask(-1 - i)
  const before = held()
  const countedBefore = stored.bytes
  let textBytes = 0
  for (let i = 0; i < entries; i++) textBytes += await ask(i)
  const heldBytes = (held() - before) / entries
  if (stored.entries !== entries + 1_000) throw new Error(`only ${stored.entries} entries are stored`)
  return {
    heldBytes,
    countedBytes: (stored.bytes - countedBefore) / entries,
    overheadBytes: heldBytes - textBytes / entries - CONTENT_BYTES,
  }
}

function urlOf(i: number): string {
  return `http://shop.example.com/articles/${1_000_000 + i}/pictures?size=large`
}

/** A typical head of ten fields, and the characters of it and of the key. */
function headOf(i: number, now: number) {
  const fields = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'public, max-age=600',
    'Content-Length': `${CONTENT_BYTES}`,
    'Content-Type': 'text/html; charset=utf-8',
    Date: new Date(now).toUTCString(),
    ETag: `"${1_000_000 + i}-5f2c6e"`,
    'Last-Modified': new Date(now - i * 1_000).toUTCString(),
    Server: 'nginx/1.22.1',
    Vary: 'Accept-Encoding',
    'X-Request-Id': `0123456789abcdef-${1_000_000 + i}`,
  }
  let text = urlOf(i).length
  for (const [name, value] of Object.entries(fields)) text += name.length + value.length + 4
  return { fields, text }
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const entries = smoke ? 2_000 : 100_000
  const { heldBytes, countedBytes, overheadBytes } = await entryCost(entries)
  const whole = (bytes: number) => Math.round(bytes)
  console.log(
    `  ${entries} entries of ${CONTENT_BYTES} bytes: each holds ${whole(heldBytes)}, is counted as ${whole(countedBytes)}; ${whole(overheadBytes)} are neither content nor text`,
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ smoke: process.argv.includes('--smoke') })
