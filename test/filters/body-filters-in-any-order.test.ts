import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compose, type Filter } from '../../src/core/handler.ts'
import { respond } from '../../src/core/message.ts'
import { bodyTransform } from '../../src/filters/body-transform.ts'
import { compress } from '../../src/filters/compress.ts'
import { decompress } from '../../src/filters/decompress.ts'
import { json } from '../../src/filters/json.ts'
import { replaceText } from '../../src/filters/replace-text.ts'
import { exchange, run } from '../../src/testing/index.ts'
import { inPieces } from './body-pieces.ts'
import { ZlibHandles } from './zlib-handles.ts'

const spaced = bodyTransform({
  async *response(chunks) {
    yield* chunks
    yield Buffer.from(' ')
  },
})

const FILTERS: Readonly<Record<string, () => Filter>> = {
  compress: () => compress({ codings: ['gzip'], minBytes: 0 }),
  decompress: () => decompress(),
  bodyTransform: () => spaced,
  replaceText: () => replaceText('old', 'new'),
  json: () => json({ response: (document: object) => ({ ...document, more: true }) }),
}

const orders = permutations(Object.keys(FILTERS))
const DOCUMENT = JSON.stringify({ text: 'old '.repeat(5_000) })

for (const coded of [false, true])
  test(`filters of bodies in any order give a response that is what it says, of one ${coded ? 'in gzip' : 'without a coding'}`, async () => {
    using handles = new ZlibHandles()
    let answered = 0
    for (const order of orders) {
      const filters = order.map((name) => FILTERS[name]!())
      const headers: Record<string, string> = { 'content-type': 'application/json', etag: '"a"' }
      if (coded) headers['content-encoding'] = 'gzip'
      const bytes = coded ? gzipSync(DOCUMENT) : Buffer.from(DOCUMENT)
      const all: Filter = (at, next) => compose(filters, next)(at)
      const asked = exchange({ headers: { 'accept-encoding': 'gzip' } })
      const result = run(all, asked, () => respond(200, inPieces(bytes, [700]), headers))
      // 1. `json` shows nothing that it cannot read: what reaches it must have no coding.
      const at = (name: string): number => order.indexOf(name)
      const reachesJson = [...(coded ? ['gzip'] : []), ...order.slice(at('json') + 1).reverse()].reduce(
        (coding, name) => (name === 'decompress' ? false : coding || name === 'gzip' || name === 'compress'),
        false,
      )
      if (reachesJson) {
        await expect(result, order.join(', ')).rejects.toMatchObject({ code: 'upstream_response_malformed' })
        continue
      }
      // 2. All else reads as its fields say.
      const { response } = await result
      const content = await response.body.buffer()
      const plain = response.headers.get('content-encoding') === 'gzip' ? gunzipSync(content) : content
      const document = JSON.parse(String(plain)) as { text: string; more: boolean }
      expect([order, document.more, /^(?:(?:old|new) )+$/.test(document.text)]).toEqual([order, true, true])
      expect(response.headers.get('etag')).toBe('W/"a"')
      answered++
    }
    expect(answered).toBeGreaterThan(30)
    expect(handles.closed).toBe(handles.made)
  })

function permutations(names: readonly string[]): string[][] {
  if (names.length === 0) return [[]]
  return names.flatMap((first) =>
    permutations(names.filter((it) => it !== first)).map((rest) => [first, ...rest]),
  )
}
