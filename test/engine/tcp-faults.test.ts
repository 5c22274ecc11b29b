import { expect, test } from 'vitest'
import type { Network, Wire } from '../../src/core/network.ts'
import { type Outcome, pool, tcp } from '../../src/index.ts'
import { memoryNetwork, rawClient, seededRandom, virtualClock } from '../../src/testing/index.ts'
import { proxyHeader } from '../../src/transport/proxy-protocol/header-writer.ts'
import { parseProxyHeader } from '../../src/transport/proxy-protocol/proxy-header.ts'

const HEADER = proxyHeader('v2', {
  source: { address: '203.0.113.7', port: 4711 },
  destination: { address: '198.51.100.1', port: 5432 },
})

/** Sends back what comes behind a PROXY header, and ends when that ends. Holds nothing of another's memory. */
function echo(wire: Wire, seen: (source: string) => void): void {
  let head: Buffer | undefined = Buffer.alloc(0)
  const send = (bytes: Buffer) => {
    if (!wire.write(Buffer.from(bytes))) wire.pause()
  }
  wire.handler = {
    onData: (chunk) => {
      if (head === undefined) send(chunk)
      else {
        head = Buffer.concat([head, chunk])
        const header = parseProxyHeader(head)
        if (header === undefined) return true
        seen(String(header.forwarded?.source.address))
        if (head.length > header.end) send(head.subarray(header.end))
        head = undefined
      }
      return true
    },
    onEnd: () => wire.end(),
    onDrain: () => wire.resume(),
    onClose: () => {},
  }
}

/** A few clients, over a network that cuts and delays as it likes: what each gets back, and how its connection ended. */
async function scenario(seed: number) {
  const random = seededRandom(seed)
  const clock = virtualClock()
  const faults = {
    maxChunkBytes: 1 + Math.floor(random() * 3_000),
    jitterMs: random() * 20,
    ...(random() < 0.3 ? { stallChance: 0.1, stallMs: 400 } : {}),
    ...(random() < 0.3 ? { resetChance: 0.02 } : {}),
  }
  const network = memoryNetwork({
    clock,
    random,
    faults,
    windowBytes: 1 + Math.floor(random() * 9_000),
    shuffle: true,
  })
  const sources: string[] = []
  const listener = await network.listen({ host: 'db', port: 5432 }, (wire) =>
    echo(wire, (it) => sources.push(it)),
  )
  const outcomes: Outcome[] = []
  const app = await tcp()
    .listen({ port: 5432, host: 'proxy', proxyProtocol: { from: ['10.1.0.0/16'] } })
    .use((exchange, next) => {
      exchange.onComplete((outcome) => outcomes.push(outcome))
      return next(exchange)
    })
    .to(pool(['tcp://db:5432'], { proxyProtocol: 'v2' }))
    .start({ signals: false, surroundings: { clock, network, random } })
  const results = await clock.until(
    Promise.all(
      Array.from({ length: 4 }, (_, i) => converse(network.from(`10.1.0.${i + 1}`), app.url, random)),
    ),
  )
  await clock.until(app.close())
  await listener.close()
  await clock.advance('10s')
  return {
    results,
    outcomes,
    sources,
    left: [network.leaks(), clock.pending],
    resets: 'resetChance' in faults,
  }
}

type Result = 'all' | 'broken' | `lost: ${string}`

async function converse(network: Network, url: string, random: () => number): Promise<Result> {
  const sent = Buffer.from(Array.from({ length: Math.floor(random() * 40_000) }, () => random() * 256))
  try {
    const client = await rawClient(network, url)
    try {
      const all = Buffer.concat([HEADER, sent])
      const sending = (async () => {
        for (let at = 0; at < all.length; ) {
          const end = Math.min(all.length, at + 1 + Math.floor(random() * 9_000))
          await client.send(all.subarray(at, end))
          at = end
        }
        client.end()
      })()
      const got = await client.readToEnd()
      await sending
      return got.equals(sent) ? 'all' : `lost: ${got.length} of ${sent.length} came back`
    } finally {
      await client.close()
    }
  } catch {
    return 'broken'
  }
}

test('whatever the network does, a client gets back all that it has sent, or sees that it does not', async () => {
  let whole = 0
  for (let seed = 1; seed <= 60; seed++) {
    const { results, outcomes, sources, left, resets } = await scenario(seed)
    whole += results.filter((it) => it === 'all').length
    const allowed = resets ? ['all', 'broken'] : ['all']
    for (const result of results) expect(allowed, `seed ${seed}`).toContain(result)
    expect(new Set(sources).size, `seed ${seed}`).toBeLessThanOrEqual(1)
    expect(outcomes.length, `seed ${seed}`).toBeGreaterThanOrEqual(sources.length)
    expect(left, `seed ${seed}`).toEqual([[], 0])
  }
  expect(whole).toBeGreaterThan(120)
})
