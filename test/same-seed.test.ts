import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

interface Told {
  readonly hash: string
  readonly length: number
  readonly sent: number
  readonly byStatus: Readonly<Record<number, number>>
}

const execute = promisify(execFile)

async function outage(seed: number, version: string): Promise<Told> {
  const script = join(import.meta.dirname, 'same-seed-outage.ts')
  const { stdout } = await execute(process.execPath, [
    '--conditions=gatewright-source',
    script,
    `${seed}`,
    version,
  ])
  return JSON.parse(stdout) as Told
}

test.each(['http1', 'http2'])(
  'two processes with one seed write the same journal, and one with another seed another: %s',
  async (version) => {
    const [first, second, other] = await Promise.all([
      outage(7, version),
      outage(7, version),
      outage(8, version),
    ])
    expect(second).toEqual(first)
    expect(other.hash).not.toBe(first.hash)
    // Much has happened, and not only good things.
    expect(first.length).toBeGreaterThan(20_000)
    expect(Object.keys(first.byStatus).length).toBeGreaterThan(1)
  },
  60_000,
)
