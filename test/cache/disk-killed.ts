/**
 * Stores one response after the other, until it is killed: `disk-killed.ts FOLDER SEED`. What a content is follows from its key,
 * so that whoever looks later can tell.
 */
import { diskStore } from '../../src/cache/disk-store.ts'
import { chunks, head } from '../../src/testing/cache-store-checks.ts'
import { contentOf } from './told-content.ts'

const [folder = '', seed = '0'] = process.argv.slice(2)
const store = diskStore({ path: folder, maxBytes: '4mb' })
await store.find('warm')
for (let round = 0; ; round++) {
  process.stdout.write('.')
  const keys = Array.from({ length: 8 }, (_, i) => `${seed}-${round % 5}-${i}`)
  const sizes = keys.map(
    (_, i) => ((Number(seed) * 7_919 + round * 104_729 + i * 15_485_863) >>> 0) % 150_000,
  )
  await Promise.all(
    keys.map((key, i) =>
      store.put(key, head({ reason: String(sizes[i]) }), chunks(contentOf(key, sizes[i]!), 9_999)),
    ),
  )
  await Promise.all(
    keys
      .slice(0, 3)
      .map((key, i) => store.freshen(key, head({ reason: String(sizes[i]), responseTime: round }), head())),
  )
}
