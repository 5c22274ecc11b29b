import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isFieldName, isFieldValue } from '../../core/headers.ts'
import { type Duration, durationMs, integer, invalidOption, OptionError } from '../../core/options.ts'
import { BENCH_FLAGS } from './bench-flags.ts'
import { loadDestination } from './load-destination.ts'
import type { LoadPlan } from './load-run.ts'
import { requestBytes } from './request-bytes.ts'

/** What `gatewright bench` was asked to do. */
export interface BenchArguments {
  readonly url: string
  readonly plan: LoadPlan
  readonly json: boolean
}

const OWNER = 'bench'
const MAX_MS = 3_600_000
const MAX_RATE = 1_000_000
const MAX_CONNECTIONS = 10_000

/** @throws OptionError for what is wrong with them. */
export function readBenchArguments(args: readonly string[], cwd: string): BenchArguments {
  const { values, positionals } = parsed(args)
  const [url] = positionals
  if (url === undefined)
    throw new OptionError('bench: which url? gatewright bench http://127.0.0.1:8080/', 'url')
  if (positionals.length > 1)
    throw new OptionError(`bench: one url at a time, got ${positionals.length}`, 'url')
  const { destination, host, target } = loadDestination(url, values.insecure === true)
  const body = values.body === undefined ? undefined : bodyBytes(values.body, cwd)
  const method = values.method ?? (body === undefined ? 'GET' : 'POST')
  if (!isFieldName(method) || method === 'CONNECT')
    throw invalidOption(OWNER, '--method', 'the name of a method other than CONNECT', method)
  const headers = (values.header ?? []).map(headerOf)
  const time = (flag: 'duration' | 'warm-up' | 'timeout', preset: Duration, min: number): number => {
    const given = (values[flag] ?? preset) as Duration
    // On a command line all is text: whether seconds or milliseconds are meant, a bare number does not say.
    if (/^[\d.]+$/.test(values[flag] ?? ''))
      throw invalidOption(OWNER, `--${flag}`, `a duration with its unit, such as "${given}s"`, given)
    const ms = durationMs(OWNER, `--${flag}`, given, { min })
    if (ms > MAX_MS) throw invalidOption(OWNER, `--${flag}`, 'a duration of at most 1h', given)
    return ms
  }
  return {
    url,
    json: values.json === true,
    plan: {
      destination,
      method,
      request: requestBytes({ method, target, host, headers, body }),
      connections: integer(OWNER, '--connections', numberOf(values.connections ?? '64'), {
        min: 1,
        max: MAX_CONNECTIONS,
      }),
      rate: values.rate === undefined ? undefined : rateOf(values.rate),
      durationMs: time('duration', '10s', 1),
      warmUpMs: time('warm-up', 0, 0),
      timeoutMs: time('timeout', '10s', 1),
    },
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: BENCH_FLAGS, allowPositionals: true })
  } catch (error) {
    if (error instanceof Error) throw new OptionError(`bench: ${error.message}`, 'arguments')
    throw error
  }
}

/** A rate may be a fraction: 0.5 is one request in two seconds. */
function rateOf(given: string): number {
  const rate = numberOf(given)
  if (rate > 0 && rate <= MAX_RATE) return rate
  throw invalidOption(OWNER, '--rate', `a number of requests a second, at most ${MAX_RATE}`, given)
}

function numberOf(given: string): number {
  return /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : Number.NaN
}

function headerOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon)).trim()
  const value = line.slice(colon + 1).trim()
  // What it may hold is a secret often enough.
  if (!isFieldName(name) || !isFieldValue(value))
    throw new OptionError('bench: "--header" must be "Name: value", as in RFC 9110', '--header')
  if (/^(?:content-length|transfer-encoding)$/i.test(name))
    throw new OptionError(`bench: "--header" must not be ${name}, which the body decides`, '--header')
  return [name, value]
}

function bodyBytes(given: string, cwd: string): Buffer {
  if (!given.startsWith('@')) return Buffer.from(given)
  const path = resolve(cwd, given.slice(1))
  try {
    return readFileSync(path)
  } catch (error) {
    throw new OptionError(`bench: "--body" ${path} cannot be read: ${(error as Error).message}`, '--body')
  }
}
