import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Exchange, Outcome } from './exchange.ts'
import type { Observer } from './observer.ts'
import { Observers } from './observers.ts'

const EXCHANGE = {} as Exchange
const OUTCOME = {} as Outcome

/** Notes calls under its name. */
class Noting implements Observer {
  readonly #name: string
  readonly #notes: string[]

  constructor(name: string, notes: string[]) {
    this.#name = name
    this.#notes = notes
  }

  exchangeBegan(exchange: Exchange): void {
    this.#notes.push(`${this.#name} began ${exchange === EXCHANGE}`)
  }

  listRefused(pool: string, error: Error): void {
    this.#notes.push(`${this.#name} refused ${pool} ${error.message}`)
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('Observers', () => {
  it('are nobody until someone comes', () => {
    const observers = new Observers()
    expect(observers.current).toBeUndefined()
    const one: Observer = {}
    observers.add(one)
    expect(observers.current).toEqual({})
    observers.remove(one)
    expect(observers.current).toBeUndefined()
  })

  it('are the first one itself where there is no other', () => {
    const first: Observer = { exchangeBegan: () => {} }
    const observers = new Observers(first)
    expect(observers.current).toBe(first)
    const other: Observer = {}
    observers.add(other)
    observers.remove(other)
    expect(observers.current).toBe(first)
  })

  it('are told in the order in which they came, each with all facts and as a method of its own', () => {
    const notes: string[] = []
    const observers = new Observers(new Noting('first', notes))
    observers.add(new Noting('second', notes))
    const four = vi.fn()
    observers.add({ healthChanged: four })
    observers.current!.exchangeBegan!(EXCHANGE)
    observers.current!.listRefused!('users', new Error('no url'))
    const endpoint = {} as Parameters<NonNullable<Observer['healthChanged']>>[0]
    observers.current!.healthChanged!(endpoint, 'unknown', 'healthy', 'passed')
    expect(notes).toEqual([
      'first began true',
      'second began true',
      'first refused users no url',
      'second refused users no url',
    ])
    expect(four).toHaveBeenCalledExactlyOnceWith(endpoint, 'unknown', 'healthy', 'passed')
  })

  it('lack the calls that nobody wants', () => {
    const observers = new Observers(new Noting('first', []))
    observers.add({ exchangeEnded: () => {} })
    expect(Object.keys(observers.current!).sort()).toEqual(['exchangeBegan', 'exchangeEnded', 'listRefused'])
  })

  it('are told no more once they have gone, and the others still are', () => {
    const notes: string[] = []
    const observers = new Observers()
    const [one, two] = [new Noting('one', notes), new Noting('two', notes)]
    observers.add(one)
    observers.add(two)
    const before = observers.current
    observers.remove(one)
    expect(observers.current).not.toBe(before)
    observers.current!.exchangeBegan!(EXCHANGE)
    expect(notes).toEqual(['two began true'])
    observers.add(one)
    observers.current!.exchangeBegan!(EXCHANGE)
    expect(notes.slice(1)).toEqual(['two began true', 'one began true'])
  })

  it.each([0, 1])(
    'keep what one throws from the proxy and from the others, and tell of it once for each call (%i others)',
    (others) => {
      const error = vi.spyOn(console, 'error').mockImplementation(() => {})
      const notes: string[] = []
      const observers = new Observers()
      const thrown = new Error('ours')
      const throwing = (): never => {
        throw thrown
      }
      observers.add({ exchangeBegan: throwing, exchangeEnded: throwing })
      if (others === 1) observers.add(new Noting('other', notes))
      for (let i = 0; i < 3; i++) observers.current!.exchangeBegan!(EXCHANGE)
      observers.add({})
      observers.current!.exchangeBegan!(EXCHANGE)
      observers.current!.exchangeEnded!(EXCHANGE, OUTCOME)
      expect(notes).toEqual(Array(others * 4).fill('other began true'))
      expect(error.mock.calls).toEqual([
        ['gatewright: an observer threw in "exchangeBegan", which is told once', thrown],
        ['gatewright: an observer threw in "exchangeEnded", which is told once', thrown],
      ])
    },
  )

  it.each([0, 1])('let the first one fail loudly (%i others)', (others) => {
    const observers = new Observers({
      exchangeBegan: () => {
        throw new Error('the kit is wrong')
      },
    })
    if (others === 1) observers.add(new Noting('other', []))
    expect(() => observers.current!.exchangeBegan!(EXCHANGE)).toThrow('the kit is wrong')
  })
})
