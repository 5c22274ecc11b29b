import { describe, expect, test } from 'vitest'
import { codeOnly, importedFile, importsOf, type SourceFile, sourceFiles } from './source-scan.ts'

/** What each room of `src` may import. `index` is `src/index.ts`, the rest are folders. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  index: ['adapters', 'proxy', 'pool', 'transport', 'core'],
  adapters: ['proxy', 'transport', 'core'],
  proxy: ['pool', 'transport', 'core'],
  pool: ['balancers', 'transport', 'core'],
  balancers: ['core'],
  transport: ['core'],
  filters: ['core'],
  cache: ['core'],
  admin: ['cache', 'proxy', 'pool', 'transport', 'core'],
  discovery: ['pool', 'transport', 'core'],
  workers: ['admin', 'filters', 'proxy', 'pool', 'transport', 'core'],
  config: [
    'workers',
    'discovery',
    'admin',
    'filters',
    'cache',
    'proxy',
    'pool',
    'balancers',
    'transport',
    'core',
  ],
  cli: ['config', 'workers', 'proxy', 'transport', 'core'],
  testing: [
    'index',
    'core',
    'transport/network.ts',
    // What a store of a cache is, for its checks.
    'cache/cache-store.ts',
    'cache/purge-record.ts',
    'cache/stored-response.ts',
  ],
  core: [],
}

/** Where real time, chance and sockets come into the house. */
const SEAMS = [
  'src/core/clock.ts',
  'src/core/random.ts',
  // Secrets, which no seed may give.
  'src/core/secret.ts',
  'src/transport/network.ts',
  'src/transport/shared-lookup.ts',
  // Asks name servers.
  'src/discovery/name-service.ts',
  // Makes processes, and holds the ports that they share.
  'src/workers/processes/',
  // Its load is real.
  'src/cli/bench/',
  // Its server listens nowhere: it is given sockets that were accepted.
  'src/transport/tls/node-tls-server.ts',
  'src/testing/',
]

/**
 * Benches that reach into the house: what a look-up or a parsed head costs cannot be seen from outside, where a socket and
 * a whole exchange would be measured with it.
 */
const MAY_REACH_IN: Readonly<Record<string, string>> = {
  'bench/router.ts': 'src/core/',
  'bench/parser.ts': 'src/transport/http1/',
  'bench/hpack.ts': 'src/transport/http2/',
}

const isTest = ({ path }: SourceFile) => path.endsWith('.test.ts')
const product = sourceFiles('src').filter((file) => !isTest(file))
const outside = sourceFiles('examples', 'bench')
const everything = [...sourceFiles('src', 'test'), ...outside]

describe('the arrows between folders', () => {
  test('are those of the design', () => {
    expect(product.length).toBeGreaterThan(50)
    expect(product.flatMap(forbiddenArrows)).toEqual([])
  })

  test('make no cycle', () => {
    expect(folderCycle(product)).toBeUndefined()
  })

  test('are seen where one is wrong', () => {
    const sample = file('src/core/router.ts', "import type { Pool } from '../pool/pool.ts'")
    expect(forbiddenArrows(sample)).toEqual([
      'src/core/router.ts imports ../pool/pool.ts: core may not import pool',
    ])
    expect(
      forbiddenArrows(file('src/testing/run.ts', "export { x } from '../transport/listener.ts'")),
    ).toHaveLength(1)
    expect(
      forbiddenArrows(file('src/testing/run.ts', "import { x } from '../transport/network.ts'")),
    ).toEqual([])
    expect(forbiddenArrows(file('src/filters/a.ts', "const x = await import('../index.ts')"))).toHaveLength(1)
    expect(forbiddenArrows(file('src/attic/a.ts', ''))).toEqual([
      'src/attic/a.ts: the folder attic is not in the design',
    ])
    expect(forbiddenArrows(file('src/core/a.ts', "// import { x } from '../pool/pool.ts'"))).toEqual([])
  })

  test('are seen where they make a cycle', () => {
    const there = file('src/pool/pool.ts', "import { x } from '../transport/connector.ts'")
    const back = file('src/transport/connector.ts', "import type { Pool } from '../pool/pool.ts'")
    expect(folderCycle([there, back])).toBe('pool -> transport -> pool')
  })
})

describe('examples and benches', () => {
  test('use public names only', () => {
    expect(outside.length).toBeGreaterThan(20)
    expect(outside.flatMap(reachesIn)).toEqual([])
  })

  test('are seen where they reach in', () => {
    expect(reachesIn(file('examples/a/proxy.ts', "import { proxy } from '../../src/index.ts'"))).toHaveLength(
      1,
    )
    expect(
      reachesIn(file('examples/a/proxy.ts', "import { proxy } from 'gatewright/src/index.ts'")),
    ).toHaveLength(1)
    expect(reachesIn(file('examples/a/proxy.ts', "import { banner } from './banner.ts'"))).toEqual([])
    expect(
      reachesIn(file('bench/router.ts', "import { compileRoutes } from '../src/core/router.ts'")),
    ).toEqual([])
    expect(reachesIn(file('bench/router.ts', "import { pool } from '../src/pool/pool.ts'"))).toHaveLength(1)
  })
})

describe('time, chance and network', () => {
  test('are parameters everywhere but at the seams', () => {
    expect(product.flatMap(besidesTheSeams)).toEqual([])
  })

  test.each([
    'const now = Date.now()',
    'const now = new Date()',
    'const now = performance.now()',
    'setTimeout(() => {}, 10)',
    'globalThis.setTimeout(() => {}, 10)',
    'const timer = setInterval(tick, 10)',
    'setImmediate(tick)',
    'const signal = AbortSignal.timeout(10)',
    'const started = process.hrtime.bigint()',
    'const chance = Math.random',
    'const id = crypto.randomUUID()',
    "import { setTimeout as sleep } from 'node:timers/promises'",
    "import { connect } from 'node:net'",
    "import net from 'node:net'",
    "import * as net from 'node:net'",
    "import { connect } from 'node:tls'",
    "import { createServer } from 'node:http'",
    "import { request } from 'node:https'",
    "const http2 = await import('node:http2')",
    `const at = \`at \${Date.now()}\``,
    'await fetch(url)',
  ])('are seen in: %s', (line) => {
    expect(besidesTheSeams(file('src/pool/sample.ts', line))).toHaveLength(1)
    expect(besidesTheSeams(file('src/core/clock.ts', line))).toEqual([])
  })

  test.each([
    '// Date.now() would be read twice',
    "const text = 'Date.now()'",
    'clock.setTimeout(() => {}, 10)',
    'this.#clock.now()',
    'const date = new Date(now)',
    "import { BlockList, isIP } from 'node:net'",
    "import type { Socket } from 'node:net'",
    "import { createSecureContext, type TLSSocket } from 'node:tls'",
    "const url = 'http://example.com' // not a fetch(call)",
  ])('are not seen in: %s', (line) => {
    expect(besidesTheSeams(file('src/pool/sample.ts', line))).toEqual([])
  })
})

describe('the type any', () => {
  test('is used nowhere', () => {
    expect(everything.filter(({ text }) => usesAny(text)).map(({ path }) => path)).toEqual([])
  })

  test.each([
    'let x: any',
    'x as any',
    'f<any>()',
    'type T = string | any',
    'const x: any[] = []',
    'Map<string, any>',
    'type T = any',
  ])('is seen in: %s', (line) => {
    expect(usesAny(line)).toBe(true)
  })

  test.each(["type Kind = 'all' | 'any'", 'export { all, any, type Match }', 'any(a, b)', '// as any other'])(
    'is not seen in: %s',
    (line) => {
      expect(usesAny(line)).toBe(false)
    },
  )
})

describe('the name of a file', () => {
  test('says what it holds', () => {
    expect(everything.filter(namelessFile).map(({ path }) => path)).toEqual([])
  })

  test.each([
    'src/utils.ts',
    'src/core/helpers/a.ts',
    'src/pool/types.ts',
    'src/common/a.ts',
    'test/test-helpers.ts',
  ])('is seen to say nothing: %s', (path) => {
    expect(namelessFile(file(path, ''))).toBe(true)
  })
})

function forbiddenArrows(from: SourceFile): string[] {
  const room = roomOf(from.path)
  const allowed = ARROWS[room]
  if (allowed === undefined) return [`${from.path}: the folder ${room} is not in the design`]
  return importsOf(from).flatMap((it) => {
    const to = importedFile(from, it)
    if (to === undefined) return []
    const target = roomOf(to)
    if (target === room || allowed.includes(target) || allowed.includes(to.slice('src/'.length))) return []
    return [`${from.path} imports ${it.specifier}: ${room} may not import ${target}`]
  })
}

function roomOf(path: string): string {
  const [, first = '', ...more] = path.split('/')
  return more.length > 0 ? first : first.replace(/\.ts$/, '')
}

function folderCycle(files: readonly SourceFile[]): string | undefined {
  const edges = new Map<string, Set<string>>()
  for (const from of files) {
    for (const it of importsOf(from)) {
      const to = importedFile(from, it)
      const room = roomOf(from.path)
      if (to === undefined || roomOf(to) === room) continue
      if (!edges.has(room)) edges.set(room, new Set())
      edges.get(room)!.add(roomOf(to))
    }
  }
  const walk = (room: string, path: readonly string[]): string | undefined => {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room].join(' -> ')
    for (const next of edges.get(room) ?? []) {
      const found = walk(next, [...path, room])
      if (found !== undefined) return found
    }
    return undefined
  }
  return [...edges.keys()].map((room) => walk(room, [])).find((found) => found !== undefined)
}

function reachesIn(from: SourceFile): string[] {
  const [folder] = from.path.split('/')
  return importsOf(from).flatMap((it) => {
    const to = importedFile(from, it)
    const fine =
      to === undefined
        ? !it.specifier.startsWith('gatewright/') || PUBLIC.test(it.specifier)
        : to.startsWith(`${folder}/`) || isAllowedReach(from.path, to)
    return fine ? [] : [`${from.path} imports ${it.specifier}`]
  })
}

const PUBLIC =
  /^gatewright\/(?:filters(?:\/[\w-]+)?|admin|balancers|cache|config|discovery|workers|testing(?:\/(?:vitest|arbitraries))?|package\.json)$/

function isAllowedReach(from: string, to: string): boolean {
  const into = MAY_REACH_IN[from]
  return into !== undefined && to.startsWith(into)
}

const CALLS =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|(?<![.#\w])(?:setTimeout|setInterval|setImmediate|fetch)\s*\(|\bglobalThis\.(?:set(?:Timeout|Interval|Immediate)|fetch)\b|\bAbortSignal\.timeout\b|\bhrtime\b|\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/g

/** Modules that open sockets or wait, and what there is in them that does neither. */
const MODULES = /^node:(?:net|tls|https?|http2|dgram|dns|timers)(?:\/|$)/
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['BlockList', 'isIP', 'isIPv4', 'isIPv6'],
  'node:http': ['STATUS_CODES'],
  'node:tls': ['createSecureContext', 'checkServerIdentity'],
}

function besidesTheSeams(from: SourceFile): string[] {
  if (SEAMS.some((seam) => from.path.startsWith(seam))) return []
  const calls = codeOnly(from.text).match(CALLS) ?? []
  const modules = importsOf(from).filter(
    ({ specifier, names }) =>
      MODULES.test(specifier) &&
      !names.every(({ name, type }) => type || HARMLESS[specifier]?.includes(name)),
  )
  return [...calls, ...modules.map(({ specifier }) => specifier)].map((found) => `${from.path}: ${found}`)
}

/** `any` is also a function of the package, so a bare word is none. */
const ANY = /[:<|&]\s*any\b(?!\s*[(.])|\bas\s+any\b|\bany\s*(?:\[\]|>)|\btype\s+\w+\s*=\s*any\b/

function usesAny(text: string): boolean {
  return ANY.test(codeOnly(text))
}

function namelessFile({ path }: SourceFile): boolean {
  return path
    .replace(/(?:\.test)?\.ts$/, '')
    .split('/')
    .some((part) => /^(?:.*-)?(?:utils?|helpers?|common|types|misc)$/.test(part))
}

function file(path: string, text: string): SourceFile {
  return { path, text }
}
