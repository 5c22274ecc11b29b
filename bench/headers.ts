/**
 * What a look-up and a change cost in a list of header fields: 5 as small clients send them, 20 as browsers and gateways do.
 *
 *   npx node --conditions=gatewright-source bench/headers.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { HeaderList } from 'gatewright'
import { Bench } from 'tinybench'

const SIZES = [5, 20]
const CALLS = 1000

const FIELDS: readonly (readonly [string, string])[] = [
  ['Host', 'api.example.com'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Connection', 'keep-alive'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Cookie', 'session=0123456789abcdef; theme=dark'],
  ['Referer', 'https://example.com/'],
  ['Origin', 'https://example.com'],
  ['Sec-Fetch-Dest', 'document'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Upgrade-Insecure-Requests', '1'],
  ['Cache-Control', 'no-cache'],
  ['Pragma', 'no-cache'],
  ['If-None-Match', '"5f2b-62a1"'],
  ['If-Modified-Since', 'Mon, 05 Jan 2026 10:00:00 GMT'],
  ['DNT', '1'],
  ['Priority', 'u=0, i'],
  ['Authorization', 'Bearer 0123456789abcdef'],
]

interface Row {
  readonly call: string
  readonly fields: number
  readonly ns: number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const limits = smoke ? { time: 0, iterations: 2, warmup: false } : { time: 200, warmupTime: 50 }
  const rows: Row[] = []
  for (const size of SIZES) {
    const fields = FIELDS.slice(0, size)
    const last = fields.at(-1)![0]
    const list = HeaderList.from(fields)
    let sink = 0
    const calls: Readonly<Record<string, () => void>> = {
      'get, the first': () => {
        sink += list.get('Host')!.length
      },
      'get, the last': () => {
        sink += list.get(last)!.length
      },
      'get, absent': () => {
        sink += list.get('X-Request-Id') === undefined ? 1 : 0
      },
      'has, absent': () => {
        sink += list.has('x-request-id') ? 0 : 1
      },
      'set, the last': () => {
        list.set(last, 'changed')
      },
      'append and delete': () => {
        list.append('X-Added', '1').delete('X-Added')
      },
      clone: () => {
        sink += list.clone().has('Host') ? 1 : 0
      },
      'from an array': () => {
        sink += HeaderList.from(fields).has('Host') ? 1 : 0
      },
    }
    for (const [call, work] of Object.entries(calls)) {
      const bench = new Bench(limits)
      bench.add(call, () => {
        for (let i = 0; i < CALLS; i++) work()
      })
      await bench.run()
      rows.push({ call, fields: size, ns: Number(((medianMs(bench, call) * 1e6) / CALLS).toFixed(1)) })
    }
    if (!(sink > 0)) throw new Error('nothing was read')
  }
  console.table(rows)
}

function medianMs(bench: Bench, name: string): number {
  const result = bench.getTask(name)?.result
  if (result?.state !== 'completed') throw new Error(`${name} ended as ${result?.state}`)
  // The median: other work on the machine makes a few samples very long.
  return result.latency.p50
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
