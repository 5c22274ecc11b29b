import { type Companion, companionsOf } from '../core/companion.ts'
import { log } from '../core/log.ts'
import type { Observers } from '../core/observers.ts'
import { invalidOption } from '../core/options.ts'
import type { Exposition, ProxyView } from '../core/proxy-view.ts'
import type { ProxyDescription } from './description.ts'

interface Started {
  readonly companion: Companion
  readonly before: Companion | undefined
}

/** What goes with a running proxy: begins with its description, and ends with it. */
export class Companions {
  readonly #proxy: ProxyView
  readonly #observers: Observers
  #all: readonly Companion[] = []

  constructor(proxy: ProxyView, observers: Observers) {
    this.#proxy = proxy
    this.#observers = observers
  }

  get expositions(): readonly Exposition[] {
    return this.#all.flatMap(({ exposition }) => (exposition === undefined ? [] : [exposition]))
  }

  /**
   * Begins those of a description, and ends the others. If one cannot begin, all is as it was. `undefined`: nothing changes.
   * @throws `ERR_OPTION_INVALID` where two would show the same.
   */
  follow(description: ProxyDescription): Promise<void> | undefined {
    const wanted = wantedBy(description)
    const same = wanted.length === this.#all.length && wanted.every((one) => this.#all.includes(one))
    refuseTwins(wanted)
    return same ? undefined : this.#follow(wanted)
  }

  async #follow(wanted: readonly Companion[]): Promise<void> {
    const leaving = this.#all.filter((one) => !wanted.includes(one))
    const successors = [...leaving]
    const started: Started[] = []
    for (const companion of wanted) {
      if (this.#all.includes(companion)) continue
      const at = successors.findIndex(({ kind }) => kind === companion.kind)
      const [before] = at < 0 ? [] : successors.splice(at, 1)
      try {
        await companion.start?.(this.#proxy, before)
      } catch (error) {
        await this.#undo(started)
        throw error
      }
      started.push({ companion, before })
    }
    this.#all = wanted
    for (const { companion } of started)
      if (companion.observer !== undefined) this.#observers.add(companion.observer)
    await this.#end(leaving)
  }

  async end(): Promise<void> {
    const all = this.#all
    this.#all = []
    await this.#end(all)
  }

  async #undo(started: readonly Started[]): Promise<void> {
    for (const { companion, before } of started.toReversed()) {
      try {
        await before?.start?.(this.#proxy, companion)
      } catch (error) {
        log.error('what goes with the proxy could not begin again', error)
      }
      await this.#end([companion])
    }
  }

  async #end(companions: readonly Companion[]): Promise<void> {
    for (const { observer } of companions) if (observer !== undefined) this.#observers.remove(observer)
    const ends = await Promise.allSettled(companions.map(async (one) => one.end?.(this.#proxy)))
    for (const end of ends)
      if (end.status === 'rejected') log.error('what goes with the proxy could not end', end.reason)
  }
}

/** @throws `ERR_OPTION_INVALID` for what is none, and for one that is there. */
export function withCompanions(
  owner: string,
  there: readonly Companion[],
  added: readonly Companion[],
): readonly Companion[] {
  for (const [i, one] of added.entries()) {
    if (typeof one !== 'object' || one === null || typeof one.kind !== 'string')
      throw invalidOption(owner, 'companion', 'what goes with a proxy, such as admin()', one)
    if (there.includes(one) || added.indexOf(one) !== i)
      throw invalidOption(owner, 'companion', 'attached once', one.kind)
  }
  return [...there, ...added]
}

function wantedBy({ companions, filters, routes, connect }: ProxyDescription): readonly Companion[] {
  const all = [...filters, ...(connect?.filters ?? []), ...routes.flatMap((route) => route.filters)]
  return [...new Set([...companions, ...companionsOf(all)])]
}

/** What reads figures refuses all of them where one stands there twice. */
function refuseTwins(wanted: readonly Companion[]): void {
  const exposing = wanted.filter(({ exposition }) => exposition !== undefined)
  for (const { kind } of exposing) {
    const count = exposing.filter((one) => one.kind === kind).length
    if (count > 1) throw invalidOption('use', kind, 'given once in a proxy, since one shows all of it', count)
  }
}
