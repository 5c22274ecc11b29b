import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { log } from '../core/log.ts'
import { OptionError } from '../core/options.ts'
import { RunningProxy } from '../proxy/running-proxy.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { ConfigError } from './config-error.ts'
import { type Followed, startFollowed } from './start-followed.ts'

let folder: string
let file: string
let logged: string[]
let followed: Followed | undefined
const { to, level } = log

function write(more: string): void {
  writeFileSync(
    file,
    `proxy:\n  listen: { port: 0 }\n  routes: [{ path: /, respond: { status: 200 } }]\n${more}`,
  )
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewright-followed-'))
  file = join(folder, 'gateway.yaml')
  logged = []
  log.to = ({ level: of, message }) => void logged.push(`${of}: ${message}`)
  write('')
})

afterEach(async () => {
  await followed?.running.close()
  followed = undefined
  log.to = to
  log.level = level
  rmSync(folder, { recursive: true })
})

describe('startFollowed', () => {
  it('has the log tell as much as the file says, where the file says another thing than before', async () => {
    write('  log: { level: error }\n')
    followed = await startFollowed(file, { watch: false, signals: false })
    expect(log.level).toBe('error')
    // By hand, which a reload that says the same leaves as it is.
    log.level = 'warn'
    await followed.follower.reload()
    expect(log.level).toBe('warn')
    write('  log: { level: debug }\n')
    await followed.follower.reload()
    expect(log.level).toBe('debug')
  })

  it('tells of what counts from the next start on', async () => {
    followed = await startFollowed(file, { watch: false, signals: false })
    write('  workers: 2\n  drain: { limit: 1s }\n')
    await followed.follower.reload()
    expect(logged).toContain(`warn: ${file}: workers and drain will count from the next start on`)
    expect(followed.running).toBeInstanceOf(RunningProxy)
  })

  it('tells its admin listener how things stand, and follows no more when the proxy is closed', async () => {
    const clock = virtualClock()
    const before = process.listenerCount('SIGHUP')
    followed = await startFollowed(file, { surroundings: { clock } })
    const running = followed.running as RunningProxy
    expect(running.surroundings.configuration).toBe(followed.follower)
    expect(followed.follower.status).toMatchObject({ files: [file], reloads: 0, failure: undefined })
    expect(process.listenerCount('SIGHUP')).toBe(before + 1)
    expect(clock.pending).toBeGreaterThan(0)
    await running.close()
    await expect(followed.follower.reload()).rejects.toThrow('the proxy has ended')
    expect([process.listenerCount('SIGHUP'), clock.pending]).toEqual([before, 0])
  })

  it('heeds a SIGHUP that comes while it starts, when it has', async () => {
    const reloaded = Promise.withResolvers<void>()
    log.level = 'info'
    log.to = ({ message }) => {
      if (message === `${file} has been reloaded`) reloaded.resolve()
    }
    const starting = startFollowed(file, { watch: false })
    process.emit('SIGHUP')
    followed = await starting
    await reloaded.promise
    expect(followed.follower.status.reloads).toBe(1)
  })

  it('rejects for a file that is wrong, and for options that are', async () => {
    write('  listne: 1\n')
    const before = process.listenerCount('SIGHUP')
    await expect(startFollowed(file, {})).rejects.toThrow(ConfigError)
    expect(process.listenerCount('SIGHUP')).toBe(before)
    await expect(startFollowed('', {})).rejects.toThrow(OptionError)
    await expect(startFollowed(file, { watch: 1 as never })).rejects.toThrow('"watch" must be true or false')
    await expect(startFollowed(file, { wach: true } as never)).rejects.toThrow('did you mean "watch"?')
  })
})
