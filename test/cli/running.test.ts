import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { freePort } from '../free-port.ts'
import { ROOT } from '../source-scan.ts'
import { fakeIo, type Written } from './fake-io.ts'
import { folderWith, GATEWAY_TS, gatewayYaml } from './files.ts'
import { Gatewright } from './gatewright.ts'

const ADMIN = '  admin: { port: 0 }\n'

/** On a connection of its own: one that idles may be closed at any time. */
async function textAt(url: string): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false }, resolve).on('error', reject)
  })
  return text(response)
}

/** Runs a command in this process until its banner is there; `end` is what SIGTERM does to it. */
async function running(
  folder: string,
  ...args: string[]
): Promise<{ io: Written; end: () => Promise<number> }> {
  const served = Promise.withResolvers<void>()
  const io: Written = fakeIo(folder, {
    out: (text) => {
      io.stdout += text
      served.resolve()
    },
  })
  const code = runCli(['run', ...args], io)
  await Promise.race([served.promise, code])
  return {
    io,
    end: () => {
      process.emit('SIGTERM', 'SIGTERM')
      return code
    },
  }
}

// On a machine that is busy, each process takes its time.
describe('run', { timeout: 120_000 }, () => {
  it('serves a configuration, what is saved in it, and the last good one while it is broken', async () => {
    const folder = folderWith({ 'a.yaml': gatewayYaml('one', ADMIN) })
    const file = join(folder, 'a.yaml')
    const gateway = new Gatewright(folder, ['run', 'a.yaml'])
    const [, url] = await gateway.says(/listens +(http:\S+)/)
    const [, admin] = await gateway.says(/admin +(http:\S+)/)
    await gateway.says(/What is saved in a\.yaml is served\. Ctrl-C ends it\.\n/)
    expect(await textAt(`${url}/text`)).toBe('one')

    writeFileSync(file, gatewayYaml('two', ADMIN))
    await gateway.says(/gatewright: a\.yaml has been reloaded/)
    expect(await textAt(`${url}/text`)).toBe('two')

    writeFileSync(file, gatewayYaml('three', `${ADMIN}  drains: {}\n`))
    await gateway.says(/a\.yaml is not served as it is now, .*\n.*a\.yaml:14:3: proxy\.drains: .*"drain"/)
    expect(await textAt(`${url}/text`)).toBe('two')
    const reload = (): Promise<Response> =>
      fetch(`${admin}/api/configuration/reload`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
      })
    expect((await reload()).status).toBe(422)
    expect(JSON.parse(await textAt(`${admin}/api/configuration`))).toMatchObject({
      files: [file],
      reloads: 1,
      failure: { message: expect.stringContaining('a.yaml:14:3: proxy.drains') },
    })

    writeFileSync(file, gatewayYaml('three', ADMIN))
    await gateway.says(/a\.yaml is mended and has been reloaded/)
    expect(await textAt(`${url}/text`)).toBe('three')
    expect(JSON.parse(await textAt(`${admin}/api/configuration`))).not.toHaveProperty('failure')
    expect((await reload()).status).toBe(200)
    const before = gateway.stderr.length
    gateway.signal('SIGHUP')
    await gateway.says(new RegExp(`[^]{${gateway.stdout.length + before},}a\\.yaml has been reloaded`))
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toBe(0)
  })

  it('serves code, and what is saved in what it imports, by a process that takes the place of another', async () => {
    const code = GATEWAY_TS.replace(
      'import { pool,',
      "import { word } from './word.ts'\nimport { pool,",
    ).replace("'code'", 'word')
    const folder = folderWith({ 'proxy.ts': code, 'word.ts': "export const word: string = 'one'\n" })
    const gateway = new Gatewright(folder, ['run', 'proxy.ts', '--watch', '--json'])
    const [line] = await gateway.says(/\{"event":"serving".*\}\n/)
    const { urls, workers } = JSON.parse(line) as { urls: string[]; workers: number }
    expect(workers).toBe(1)
    expect(await textAt(`${urls[0]}/text`)).toBe('one')
    writeFileSync(join(folder, 'word.ts'), "export const word: string = 'two'\n")
    await gateway.says(/proxy\.ts has been reloaded/)
    // Until then, it may still answer what has come to it.
    await gateway.says(/worker 1: the proxy at \S+ is closed/)
    expect(await textAt(`${urls[0]}/text`)).toBe('two')
    writeFileSync(join(folder, 'word.ts'), 'export const word = \n')
    await gateway.says(/proxy\.ts is not served as it is now/)
    expect(await textAt(`${urls[0]}/text`)).toBe('two')
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toBe(0)
  })

  it('has workers serve what is saved', async () => {
    const port = await freePort()
    const withAdmin = (word: string): string => gatewayYaml(word, `  admin: { port: ${port} }\n`)
    const folder = folderWith({ 'a.yaml': withAdmin('one') })
    const gateway = new Gatewright(folder, ['run', 'a.yaml', '--workers', '2'])
    const [, url] = await gateway.says(/listens +(http:\S+)/)
    const [, admin] = await gateway.says(/admin +(\S+)\n +workers +2\n/)
    expect(admin).toBe(`http://127.0.0.1:${port}`)
    writeFileSync(join(folder, 'a.yaml'), withAdmin('two'))
    await gateway.says(/gatewright: a\.yaml has been reloaded/)
    // Of the process that follows for all.
    const { configuration } = JSON.parse(await textAt(`http://127.0.0.1:${port}/api/proxy`))
    expect(configuration).toMatchObject({ files: [join(folder, 'a.yaml')], reloads: 1 })
    expect(JSON.parse(await textAt(`http://127.0.0.1:${port}/api/configuration`))).toEqual(configuration)
    const texts = await Promise.all(Array.from({ length: 20 }, () => textAt(`${url}/text`)))
    expect(new Set(texts)).toEqual(new Set(['two']))
    expect(gateway.stdout.match(/serves a\.yaml/g)).toHaveLength(1)
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toBe(0)
  })

  it('serves code in this process, and says where in a few lines', async () => {
    const routes = Array.from({ length: 30 }, (_, i) => `.route('/r${i}', () => respond(200, 'code'))`)
    const folder = folderWith({ 'proxy.ts': `${GATEWAY_TS.trimEnd()}\n${routes.join('\n')}\n` })
    const { io, end } = await running(folder, 'proxy.ts')
    const lines = io.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(20)
    expect(lines[0]).toMatch(/^gatewright \S+ serves proxy\.ts$/)
    expect(lines.slice(2, 4)).toEqual([
      '  route      GET /users/:id  ->  requestId > users',
      '  route      /text  ->  requestId > handler',
    ])
    expect(lines.slice(-2)).toEqual(['  route      ... and 16 more routes', 'Ctrl-C ends it.'])
    const [, url] = /listens +(\S+)/.exec(io.stdout)!
    expect(await textAt(`${url}/r29`)).toBe('code')
    expect(await end()).toBe(0)
  })

  it.each(['a.yaml', 'proxy.ts'])(
    'ends when the proxy has, whatever its code has begun: %s',
    async (file) => {
      const begins = 'setInterval(() => {}, 60_000)\n'
      const folder = folderWith({
        'a.yaml': 'proxy:\n  listen: { port: 0 }\n  routes: [{ module: "./code.ts#answer" }]\n',
        'code.ts': `${begins}export const answer = () => {}\n`,
        'proxy.ts': `${begins}${GATEWAY_TS}`,
      })
      // A line of JSON for programs.
      const gateway = new Gatewright(folder, ['run', '--json', file])
      await gateway.says(/"serving".*\n/)
      expect(JSON.parse(gateway.stdout)).toMatchObject({ event: 'serving', file })
      gateway.signal('SIGTERM')
      expect(await gateway.ended).toBe(0)
    },
  )

  it('ends with 3 where it cannot listen, and with 1 where the file is wrong', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as AddressInfo
    const folder = folderWith({
      'a.yaml': gatewayYaml('one').replace('port: 0', `port: ${port}`),
      'proxy.ts': GATEWAY_TS.replace('listen(0)', `listen(${port})`),
      'b.yaml': 'proxy: 1',
    })
    for (const name of ['a.yaml', 'proxy.ts']) {
      const { io, end } = await running(folder, name)
      expect(await end()).toBe(3)
      expect(io.stderr).toMatch(/^gatewright: 127\.0\.0\.1:\d+ is in use: .*\n$/)
    }
    const { io, end } = await running(folder, 'b.yaml')
    expect([await end(), io.stdout]).toEqual([1, ''])
    expect(process.listenerCount('SIGHUP')).toBe(0)
  })
})

describe('the first file that Node reads', { timeout: 120_000 }, () => {
  const main = readFileSync(join(ROOT, 'src/cli/main.ts'), 'utf8')
  const OLD = "Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } })"

  it('says to an older Node what is needed, and ends with 3', async () => {
    const gateway = new Gatewright(
      '/',
      ['check'],
      ['--import', `data:text/javascript,${encodeURIComponent(OLD)}`],
    )
    expect(await gateway.ended).toBe(3)
    expect([gateway.stdout, gateway.stderr]).toEqual([
      '',
      `gatewright: this needs Node 22.19 or later, and ${process.execPath} is 20.19.0: see https://nodejs.org\n`,
    ])
  })

  it('is JavaScript that one of long ago can parse, and imports nothing before it has looked', ({ skip }) => {
    expect(main).not.toMatch(/^import /m)
    const older = spawnSync('/usr/bin/node', ['--version'], { encoding: 'utf8' })
    skip(!/^v(?:1\d|20)\./.test(older.stdout ?? ''), 'there is no older Node')
    const folder = folderWith({ 'main.mjs': main })
    const { status, stderr } = spawnSync('/usr/bin/node', [join(folder, 'main.mjs')], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^gatewright: this needs Node 22\.19.*\n$/)])
  })
})
