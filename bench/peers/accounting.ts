import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Linux reports `utime` and `stime` in units of 1/100 s to user space on every architecture that Node runs on. */
const TICK_MS = 10

export interface CpuTime {
  /** User plus system, all threads, in milliseconds: from `schedstat` (ns) where the kernel has it, else the ticks. */
  totalMs: number
  userMs: number
  systemMs: number
  source: 'schedstat' | 'stat'
}

export interface Memory {
  rssKib: number
  /** Without mapped files (program text, shared libraries). */
  anonymousKib: number
}

/** CPU time a process has used so far, its helper threads (garbage collection, libuv) included. */
export function cpuTime(pid: number): CpuTime {
  // The name (field 2) may hold spaces and brackets: count the fields after the last bracket.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const userMs = Number(fields[11]) * TICK_MS
  const systemMs = Number(fields[12]) * TICK_MS
  if (!existsSync(`/proc/${pid}/schedstat`)) {
    return { totalMs: userMs + systemMs, userMs, systemMs, source: 'stat' }
  }
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
  }
  return { totalMs: nanoseconds / 1e6, userMs, systemMs, source: 'schedstat' }
}

/** Of a process and all that it has started. */
export function familyCpuTime(pid: number): CpuTime {
  const times = family(pid).map(cpuTime)
  const sum = (of: (time: CpuTime) => number) => times.reduce((total, time) => total + of(time), 0)
  return {
    totalMs: sum((it) => it.totalMs),
    userMs: sum((it) => it.userMs),
    systemMs: sum((it) => it.systemMs),
    source: times[0]!.source,
  }
}

export function familyRssKib(pid: number): number {
  return family(pid).reduce((sum, it) => sum + memory(it).rssKib, 0)
}

function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(family)]
}

export function cpuBetween(before: CpuTime, after: CpuTime): CpuTime {
  return {
    totalMs: after.totalMs - before.totalMs,
    userMs: after.userMs - before.userMs,
    systemMs: after.systemMs - before.systemMs,
    source: after.source,
  }
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return { rssKib: kib(status, 'VmRSS'), anonymousKib: kib(status, 'RssAnon') }
}

function kib(status: string, field: string): number {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
  if (value === undefined) throw new Error(`/proc has no ${field}`)
  return Number(value)
}

/** How the cores are shared out: the proxy alone on one, load and origin on the others. */
export interface Placement {
  proxy?: string
  rest?: string
  note: string
}

export function placement(pin: boolean, hasTaskset: boolean): Placement {
  const cpus = allowedCpus()
  const proxy = cpus.at(-1)
  if (!pin) return { note: 'not pinned (--no-pin)' }
  if (!hasTaskset) return { note: 'not pinned (taskset is missing: apt-get install util-linux)' }
  if (cpus.length < 2 || proxy === undefined) return { note: 'not pinned (only one core)' }
  const rest = cpus.slice(0, -1).join(',')
  return { proxy: String(proxy), rest, note: `proxy alone on core ${proxy}, load and origin on ${rest}` }
}

export function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

/** The hard limit of open files: what a process may raise itself to. */
export function openFilesLimit(): number {
  const hard = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(
    readFileSync('/proc/self/limits', 'latin1'),
  )?.[1]
  return hard === 'unlimited' || hard === undefined ? Number.POSITIVE_INFINITY : Number(hard)
}
