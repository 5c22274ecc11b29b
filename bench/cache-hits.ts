/**
 * What the cache itself does for an answer from memory, without a connection: the filter alone, called with an exchange.
 *
 *     node --conditions=gatewright-source bench/cache-hits.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { respond } from 'gatewright'
import { cache } from 'gatewright/cache'
import { exchange } from 'gatewright/testing'
import { Bench } from 'tinybench'

const HITS = 1000

const KINDS: Readonly<Record<string, { headers: Record<string, string>; status: number }>> = {
  'all of it': { headers: {}, status: 200 },
  'one of 8 variants': { headers: { 'Accept-Language': 'l7' }, status: 200 },
  'the client has it (304)': { headers: { 'If-None-Match': '"1"' }, status: 304 },
  'a part (206)': { headers: { Range: 'bytes=100-199' }, status: 206 },
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const limits = smoke ? { time: 0, iterations: 2, warmup: false } : { time: 300, warmupTime: 100 }
  const rows: { hit: string; 'ns per hit': number }[] = []
  for (const [hit, { headers, status }] of Object.entries(KINDS)) {
    const stored = cache()
    const varies = headers['Accept-Language'] !== undefined
    const ask = (language: string) =>
      stored(exchange({ headers: { Accept: '*/*', 'Accept-Language': language } }), () =>
        respond(200, Buffer.alloc(1024, 'x'), {
          'Cache-Control': 'public, max-age=600',
          'Content-Type': 'text/html; charset=utf-8',
          ETag: '"1"',
          Server: 'nginx/1.22.1',
          Vary: varies ? 'Accept-Language' : 'Accept-Encoding',
        }),
      )
    for (let i = 0; i < 8; i++) await (await ask(`l${i}`)).body.buffer()
    const at = exchange({ headers: { 'User-Agent': 'gatewright-bench', Accept: '*/*', ...headers } })
    const answer = await stored(at, () => respond(500))
    if (answer.status !== status) throw new Error(`${hit}: answered ${answer.status}`)
    const bench = new Bench(limits)
    bench.add('hits', () => {
      for (let i = 0; i < HITS; i++) stored(at, refuse)
    })
    await bench.run()
    const { result } = bench.getTask('hits')!
    if (result.state !== 'completed') throw new Error(`${hit}: the benchmark did not complete`)
    rows.push({ hit, 'ns per hit': Math.round((result.latency.p50 * 1e6) / HITS) })
  }
  console.table(rows)
}

function refuse(): never {
  throw new Error('it was not in memory')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ smoke: process.argv.includes('--smoke') })
