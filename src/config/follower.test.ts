import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'
import { ConfigError } from './config-error.ts'
import type { Fingerprint } from './fingerprint.ts'
import { Follower, type FollowerOptions } from './follower.ts'

interface Read {
  readonly files: readonly string[]
  readonly text: string
}

/** Files in memory: what `main` says is served, unless it or a file that it names by `+name` says `broken`. */
class World {
  readonly clock: VirtualClock = virtualClock()
  readonly files = new Map([['main', 'one']])
  readonly served: string[] = []
  readonly logged: string[] = []
  loads = 0
  /** What happens while files are read. */
  meanwhile: () => void = () => {}
  /** What serving waits for. */
  gate: Promise<void> = Promise.resolve()
  isFresh = false

  readonly options: FollowerOptions<Read> = {
    title: 'main',
    clock: this.clock,
    everyMs: 1_000,
    log: {
      level: 'info',
      error: (message) => void this.logged.push(`error: ${message}`),
      warn: (message) => void this.logged.push(`warn: ${message}`),
      info: (message) => void this.logged.push(`info: ${message}`),
      debug: () => {},
    },
    look: async (path): Promise<Fingerprint> => {
      const content = this.files.get(path) ?? 'ENOENT'
      return { stamp: content, content, fresh: this.isFresh }
    },
    load: async () => {
      this.loads++
      const text = this.files.get('main') ?? 'broken'
      this.meanwhile()
      await Promise.resolve()
      const names = ['main', ...(text.match(/(?<=\+)\w+/g) ?? [])]
      const wrong = names.find((name) =>
        /broken|^$/.test((name === 'main' ? text : this.files.get(name)) ?? ''),
      )
      if (wrong !== undefined) throw new ConfigError([problemOf(names[0]!)], names)
      return { files: names, text: [text, ...names.slice(1).map((name) => this.files.get(name))].join(' ') }
    },
    apply: async ({ text }) => {
      await this.gate
      if (text === 'taken') throw new Error('the port is in use')
      this.served.push(text)
    },
  }
}

function problemOf(file: string) {
  return {
    file,
    line: 1,
    column: 1,
    key: '',
    message: 'is broken',
    expected: undefined,
    value: undefined,
    nearest: undefined,
  }
}

let world: World
let follower: Follower<Read>

beforeEach(async () => {
  world = new World()
  follower = await Follower.load(['main'], world.options)
  follower.begin()
})

afterEach(async () => {
  await follower.end()
  expect(world.clock.pending).toBe(0)
})

describe('Follower', () => {
  it('serves what a file says a second after it was written, and only then', async () => {
    await world.clock.advance('10s')
    expect([world.loads, world.served]).toEqual([1, []])
    world.files.set('main', 'two')
    await world.clock.advance('1s')
    expect(world.served).toEqual(['two'])
    await world.clock.advance('10s')
    expect([world.loads, world.served]).toEqual([2, ['two']])
    expect(follower.status).toEqual({
      files: ['main'],
      loadedAt: Date.UTC(2026, 0, 1, 0, 0, 11),
      reloads: 1,
      failure: undefined,
    })
    expect(world.logged).toEqual(['info: main has been reloaded'])
  })

  it('goes on with what it has where a file is broken, says so once, and until it is mended', async () => {
    world.files.set('main', 'broken')
    await world.clock.advance('60s')
    expect(world.served).toEqual([])
    expect(world.logged).toEqual([
      'error: main is not served as it is now, and what was served before goes on:\nmain:1:1: is broken',
    ])
    expect(follower.status).toMatchObject({
      loadedAt: Date.UTC(2026, 0, 1),
      reloads: 0,
      failure: { at: Date.UTC(2026, 0, 1, 0, 0, 1), message: 'main:1:1: is broken' },
    })
    world.files.set('main', 'two')
    await world.clock.advance('1s')
    expect(world.served).toEqual(['two'])
    expect(world.logged.slice(1)).toEqual(['info: main is mended and has been reloaded'])
    expect(follower.status).toMatchObject({ reloads: 1, failure: undefined })
  })

  it('says the same of what is right and cannot be served', async () => {
    world.files.set('main', 'taken')
    await world.clock.advance('60s')
    expect(world.logged).toHaveLength(1)
    expect(follower.status.failure?.message).toBe('the port is in use')
    expect(follower.served.text).toBe('one')
    world.files.set('main', 'one')
    await world.clock.advance('1s')
    expect(follower.status.failure).toBeUndefined()
  })

  it('sees a file that a broken one has brought in, when it is mended', async () => {
    world.files.set('part', 'broken')
    world.files.set('main', 'two +part')
    await world.clock.advance('5s')
    expect(follower.status.failure?.message).toBe('main:1:1: is broken')
    world.files.set('part', 'three')
    await world.clock.advance('1s')
    expect(world.served).toEqual(['two +part three'])
    world.files.set('part', 'four')
    await world.clock.advance('1s')
    expect(world.served.at(-1)).toBe('two +part four')
    expect(follower.status.files).toEqual(['main', 'part'])
  })

  it('sees a file that is missing, and one that comes back', async () => {
    world.files.delete('main')
    await world.clock.advance('5s')
    expect(follower.status.failure?.message).toContain('is broken')
    world.files.set('main', 'one')
    await world.clock.advance('1s')
    expect(follower.status.failure).toBeUndefined()
  })

  it('reads once more what was written while it was read', async () => {
    world.files.set('main', 'two')
    world.meanwhile = () => {
      world.files.set('main', 'three')
      world.meanwhile = () => {}
    }
    await world.clock.advance('1s')
    expect(world.served).toEqual(['three'])
    await world.clock.advance('5s')
    expect([world.loads, world.served]).toEqual([3, ['three']])
  })

  it('tells of no mistake where only half of a file was there', async () => {
    world.files.set('main', 'broken')
    world.meanwhile = () => {
      world.files.set('main', 'two')
      world.meanwhile = () => {}
    }
    await world.clock.advance('1s')
    expect([world.served, world.logged]).toEqual([['two'], ['info: main has been reloaded']])
  })

  it('sees a mistake mended that was written while another one was read, again and again', async () => {
    let count = 0
    world.meanwhile = () => void world.files.set('main', `broken ${count++}`)
    world.files.set('main', 'broken')
    await world.clock.advance('1s')
    expect([world.loads, world.logged]).toEqual([4, [expect.stringContaining('is broken')]])
    world.meanwhile = () => {}
    world.files.set('main', 'two')
    await world.clock.advance('1s')
    expect(world.served).toEqual(['two'])
  })

  it('serves what it has where a file is written to without end, and goes on with that a second later', async () => {
    let count = 0
    world.meanwhile = () => void world.files.set('main', `text ${count++}`)
    world.files.set('main', 'two')
    await world.clock.advance('1s')
    expect([world.loads, world.served]).toEqual([4, ['text 1']])
    world.meanwhile = () => {}
    await world.clock.advance('1s')
    expect(world.served).toEqual(['text 1', 'text 2'])
  })

  it('serves in one more reload what has changed during one', async () => {
    const gate = Promise.withResolvers<void>()
    world.gate = gate.promise
    world.files.set('main', 'two')
    await world.clock.advance('1s')
    world.files.set('main', 'three')
    const asked = [follower.reload(), follower.reload()]
    expect(asked[0]).toBe(asked[1])
    await world.clock.advance('10s')
    expect([world.loads, world.served]).toEqual([2, []])
    gate.resolve()
    await Promise.all(asked)
    expect([world.loads, world.served]).toEqual([3, ['two', 'three']])
  })

  it('reloads when it is asked to, and tells whoever asks why it cannot', async () => {
    await follower.reload()
    expect([world.served, follower.status.reloads]).toEqual([['one'], 1])
    world.files.set('main', 'broken')
    await expect(follower.reload()).rejects.toThrow('main:1:1: is broken')
    await world.clock.advance('5s')
    expect(world.logged).toHaveLength(2)
    expect(follower.status.failure).toBeDefined()
  })

  it('is asked in vain before it begins, and when it has ended', async () => {
    const another = await Follower.load(['main'], world.options)
    await expect(another.reload()).rejects.toThrow('the proxy has not started yet')
    another.begin()
    await another.end()
    await expect(another.reload()).rejects.toThrow('the proxy has ended')
    world.files.set('main', 'two')
    await follower.end()
    await world.clock.advance('10s')
    expect(world.served).toEqual([])
  })

  it('does not serve what was loaded for whoever has asked before the end', async () => {
    const gate = Promise.withResolvers<void>()
    world.gate = gate.promise
    const running = follower.reload()
    await world.clock.advance(0)
    const waiting = follower.reload()
    waiting.catch(() => {})
    const ended = follower.end()
    gate.resolve()
    await Promise.all([running, ended])
    await expect(waiting).rejects.toThrow('the proxy has ended')
    expect(world.loads).toBe(2)
  })

  it('loads twice at first where a file is so young that it may have been written to meanwhile', async () => {
    const young = new World()
    young.isFresh = true
    const text = (await Follower.load([], young.options)).served.text
    expect([text, young.loads]).toEqual(['one', 2])
    // One that was looked at before needs no second look.
    const known = new World()
    known.isFresh = true
    await Follower.load(['main'], known.options)
    expect(known.loads).toBe(1)
  })

  it('rejects where the first load does', async () => {
    world.files.set('main', 'broken')
    await expect(Follower.load(['main'], world.options)).rejects.toThrow(ConfigError)
  })
})
