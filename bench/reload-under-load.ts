/**
 * What reloads cost those who are served meanwhile: wrk keeps 32 connections busy while a configuration file is written and
 * read anew, a hundred times. No request may fail. Without wrk, it says so and does nothing.
 *
 *     node --conditions=gatewright-source bench/reload-under-load.ts [--smoke]
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { log } from 'gatewright'
import { startConfig } from 'gatewright/config'

const execute = promisify(execFile)

/** Every second one has other endpoints, another balancer and another filter. */
function configuration(generation: number, port: number): string {
  const isEven = generation % 2 === 0
  return `proxy:
  listen: { port: 0 }
  upstreams:
    users:
      endpoints: [{ address: "127.0.0.1:${port}", weight: ${1 + (generation % 7)} }]
      balancer: ${isEven ? 'least_connections' : 'round_robin'}
  filters:
${isEven ? '    - request_id\n' : ''}    - headers: { response: { set: { x-generation: "${generation}" } } }
  routes:
    - path: /
      upstream: users
`
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  if (spawnSync('wrk', ['-v']).error !== undefined) {
    console.log('  skipped: wrk is not installed')
    return
  }
  const [reloads, seconds] = smoke ? [5, 2] : [100, 20]
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-reload-bench-'))
  const file = join(folder, 'gateway.yaml')
  const service = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await new Promise((resolve) => service.once('listening', resolve))
  const { port } = service.address() as AddressInfo
  writeFileSync(file, configuration(0, port))
  let reloaded = Promise.withResolvers<void>()
  const { to: before } = log
  log.to = ({ level, message }) => {
    if (message === `${file} has been reloaded`) reloaded.resolve()
    if (level === 'error') reloaded.reject(new Error(message))
  }
  const running = await startConfig(file, { watch: false })
  try {
    const loading = execute('wrk', ['-t1', '-c32', `-d${seconds}s`, running.url])
    const times: number[] = []
    for (let generation = 1; generation <= reloads; generation++) {
      await sleep((seconds * 900) / reloads / 2)
      reloaded = Promise.withResolvers<void>()
      writeFileSync(file, configuration(generation, port))
      const begun = performance.now()
      process.emit('SIGHUP')
      await reloaded.promise
      times.push(performance.now() - begun)
    }
    const { stdout } = await loading
    const [, requests] = /(\d+) requests in/.exec(stdout) ?? []
    const failures = stdout.match(/Socket errors:.*|Non-2xx.*/g) ?? []
    times.sort((a, b) => a - b)
    const at = (share: number): string => times[Math.floor((times.length - 1) * share)]!.toFixed(1)
    console.log(
      `  ${reloads} reloads, ${requests} requests, failures: ${failures.join(', ') || 'none'}; a reload takes ${at(0.5)} ms (median), at most ${at(1)} ms`,
    )
    if (failures.length > 0) throw new Error(`reloads cost requests: ${failures.join(', ')}`)
  } finally {
    log.to = before
    await running.close()
    service.closeAllConnections()
    service.close()
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } })
  await run(values)
}
