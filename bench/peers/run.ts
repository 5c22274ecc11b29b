/**
 * Gatewright beside other proxies, in one run: `npm run bench:peers`. See bench/README.md.
 * Linux only, for the accounting is read from /proc.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openFilesLimit, placement } from './accounting.ts'
import { endEverything } from './children.ts'
import type { LoadTool } from './load.ts'
import { machine } from './machine.ts'
import { type Bench, forwardedFields, measure, type Round } from './measure.ts'
import { readOptions } from './options.ts'
import { startOrigin } from './origin.ts'
import { type Peer, peers } from './peers.ts'
import { markdownPage, type Report, type Row, rowOf, terminalTable, withRatios } from './report.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import { missingTool, versionOf } from './tools.ts'

const benchFolder = join(import.meta.dirname, '..')
const options = readOptions()
const chosenScenarios = scenarios.filter(({ id }) => options.scenario.includes(id))

process.on('exit', endEverything)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
// Debian installs nginx and haproxy where only root looks.
process.env.PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`

if (process.platform !== 'linux') {
  console.error('bench:peers reads the CPU accounting from /proc and needs Linux')
  process.exit(options.smoke ? 0 : 1)
}

// 1. What is here, what is not, and the command that would bring it.
const missing: string[] = []
const tool: LoadTool = missingTool('wrk') === undefined ? 'wrk' : 'fallback'
if (tool === 'fallback') missing.push(missingTool('wrk')!)
const chosenPeers = peers.filter((peer) => options.only.includes(peer.name)).filter(isThere)
for (const sentence of missing) console.error(`bench:peers: ${sentence}`)
if (tool === 'fallback' && !options.smoke) process.exit(1)
if (chosenPeers.length === 0) {
  console.error('bench:peers: nothing to measure')
  process.exit(options.smoke ? 0 : 1)
}

function isThere(peer: Peer): boolean {
  const sentence = peer.missing()
  if (sentence !== undefined && !missing.includes(sentence)) missing.push(sentence)
  // Without wrk a smoke run shows that our own proxy passes each scenario, and nothing else.
  return sentence === undefined && (tool === 'wrk' || peer.name.startsWith('gatewright'))
}

// 2. The origin, and what each proxy tells it about the client.
const place = placement(options.pin, missingTool('taskset') === undefined)
const origin = await startOrigin(missingTool('nginx') === undefined, place.rest)
const bench: Bench = { options, origin, tool, placement: place }
const report: Report = {
  startedAt: new Date().toISOString(),
  machine: machine(),
  placement: place.note,
  origin: origin.description,
  load:
    tool === 'wrk'
      ? `wrk ${versionOf('wrk')}, 1 thread; over HTTP/2 h2load ${versionOf('h2load')}, 1 thread`
      : 'fallback-load.ts (figures mean nothing)',
  options,
  versions: Object.fromEntries(chosenPeers.map((peer) => [peer.name, peer.version()])),
  forwarded: {},
  missing,
  rows: [],
}
console.error(`bench:peers: ${place.note}; origin: ${origin.description}`)
for (const peer of chosenPeers) {
  try {
    report.forwarded[peer.name] = await forwardedFields(peer, bench)
    console.error(
      `bench:peers: ${peer.name} sends ${report.forwarded[peer.name]!.join(', ') || 'no fields of its own'}`,
    )
  } catch (error) {
    console.error(`bench:peers: ${peer.name} ${(error as Error).message}`)
  }
}

// 3. One scenario after another; within it, round by round through all proxies, each time beginning with another.
for (const scenario of chosenScenarios) {
  const needed = scenario.kind === 'idle' ? scenario.connections + 200 : 0
  if (needed > openFilesLimit()) {
    const sentence = `${scenario.title}: it needs ${needed} open files, raise the hard limit (ulimit -Hn ${needed})`
    missing.push(sentence)
    console.error(`bench:peers: ${sentence}`)
    continue
  }
  const impossible = whatIsMissingFor(scenario)
  if (impossible !== undefined) {
    missing.push(`${scenario.title}: ${impossible}`)
    console.error(`bench:peers: ${scenario.title}: ${impossible}`)
    continue
  }
  const rows = withRatios(await runScenario(scenario))
  report.rows.push(...rows)
  console.log(`\n${terminalTable(scenario, rows)}`)
}

function whatIsMissingFor(scenario: Scenario): string | undefined {
  if (scenario.kind === 'idle') return undefined
  if (scenario.http2 === 'client' && missingTool('h2load') !== undefined) return missingTool('h2load')
  if (origin.ports[scenario.origin] === undefined) return missingTool('nginx')
  return chosenPeers.some((peer) => canServe(peer, scenario)) ? undefined : 'none of those chosen can do that'
}

function canServe(peer: Peer, scenario: Scenario): boolean {
  if (scenario.kind === 'idle') return peer.cache !== 'alone'
  if (scenario.cache === true ? peer.cache === false : peer.cache === 'alone') return false
  if (scenario.websocket === true && !peer.websocket) return false
  return (!scenario.tls || peer.tls) && (scenario.http2 === undefined || peer.http2.includes(scenario.http2))
}

async function runScenario(scenario: Scenario): Promise<Row[]> {
  const able = chosenPeers.filter((peer) => canServe(peer, scenario))
  const rounds = new Map<Peer, Round[]>(able.map((peer) => [peer, []]))
  for (let number = 0; number < options.rounds; number += 1) {
    const first = number % able.length
    for (const peer of [...able.slice(first), ...able.slice(0, first)]) {
      console.error(`bench:peers: ${scenario.id}, round ${number + 1} of ${options.rounds}: ${peer.name}`)
      rounds.get(peer)!.push(await measure(peer, scenario, bench))
    }
  }
  return able.map((peer) => rowOf(scenario.id, peer.name, peer.title, rounds.get(peer)!))
}

// 4. Keep what was seen.
const results = join(benchFolder, 'results')
mkdirSync(results, { recursive: true })
const file = join(results, `peers-${report.startedAt.replace(/[:.]/g, '-')}.json`)
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
console.log(`\nwritten: ${file}`)
if (options.page !== undefined) {
  const page = join(benchFolder, options.page)
  writeFileSync(page, markdownPage(report, chosenScenarios))
  console.log(`written: ${page}`)
}
for (const sentence of missing) console.log(`not measured: ${sentence}`)

// A peer that stumbles is a line in the table; Gatewright stumbling is a failure.
const ownProblems = report.rows.filter((row) => row.peer.startsWith('gatewright') && row.problems.length > 0)
process.exit(ownProblems.length > 0 ? 1 : 0)
