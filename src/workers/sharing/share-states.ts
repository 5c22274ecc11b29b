import { systemClock } from '../../core/clock.ts'
import { log } from '../../core/log.ts'
import { systemRandom } from '../../core/random.ts'
import type { Counting } from '../../filters/rate-limiting/memory-counts.ts'
import type { WorkerGroup, WorkerView } from '../worker-group.ts'
import { type RateDecider, SharedRates } from './shared-rates.ts'
import {
  type FromSupervisor,
  type FromWorker,
  fromWorker,
  type JoinedLink,
  STATES,
} from './states-messages.ts'

/** What is counted and known for all workers at the moment. */
export interface SharedStates {
  /** Keys of rate limits. */
  readonly keys: number
  /** Rules of rate limits. */
  readonly rules: number
  /** What workers share. */
  readonly links: number
}

/**
 * In the supervisor: counts for all workers together what they ask about, and passes on what they tell one another. It needs
 * nothing of the script: a worker says by which rules it counts.
 */
export function shareStates(
  group: WorkerGroup,
  { clock = systemClock, random = systemRandom }: Partial<Counting> = {},
): SharedStates {
  const sharing = new Sharing({ clock, random })
  for (const worker of group.workers) sharing.add(worker)
  group.onChange((worker, now) => {
    if (now === 'gone') sharing.remove(worker)
    else sharing.add(worker)
  })
  return sharing
}

interface Link extends JoinedLink {
  readonly decider: RateDecider | undefined
}

class Peer {
  readonly worker: WorkerView
  /** Newcomers are answered by it: two workers may have one number. */
  readonly token: number
  readonly links = new Map<number, Link>()
  /** Those that are told, by their ids. After a reload, two may have one for a while. */
  readonly #told = new Map<string, Set<number>>()

  constructor(worker: WorkerView, token: number) {
    this.worker = worker
    this.token = token
  }

  told(id: string): Iterable<number> {
    return this.#told.get(id) ?? []
  }

  join(link: Link): void {
    this.links.set(link.link, link)
    if (!link.tells) return
    const numbers = this.#told.get(link.id) ?? new Set()
    this.#told.set(link.id, numbers.add(link.link))
  }

  leave(number: number): void {
    const link = this.links.get(number)
    if (link === undefined) return
    this.links.delete(number)
    const numbers = this.#told.get(link.id)
    numbers?.delete(number)
    if (numbers?.size === 0) this.#told.delete(link.id)
  }

  say(message: FromSupervisor): void {
    this.worker.channel.send(STATES, message)
  }
}

class Sharing implements SharedStates {
  readonly #rates: SharedRates
  readonly #peers = new Map<WorkerView['channel'], Peer>()
  #nextToken = 0
  #toldOfFailure = false

  constructor(counting: Counting) {
    this.#rates = new SharedRates(counting)
  }

  get keys(): number {
    return this.#rates.keys
  }

  get rules(): number {
    return this.#rates.rules
  }

  get links(): number {
    let sum = 0
    for (const { links } of this.#peers.values()) sum += links.size
    return sum
  }

  add(worker: WorkerView): void {
    const { channel } = worker
    if (this.#peers.has(channel)) return
    const peer = new Peer(worker, this.#nextToken++)
    this.#peers.set(channel, peer)
    channel.listen(STATES, (message) => {
      try {
        this.#hear(peer, fromWorker(message))
      } catch (error) {
        if (!this.#toldOfFailure) log.error('what a worker has said could not be shared', error)
        this.#toldOfFailure = true
      }
    })
  }

  /**
   * What it counted by is kept until a worker says what it counts by: so the counts outlive the only worker, when another one
   * takes its place.
   */
  remove({ channel }: WorkerView): void {
    this.#peers.delete(channel)
  }

  #hear(peer: Peer, said: FromWorker | undefined): void {
    switch (said?.kind) {
      case 'links':
        this.#follow(peer, said.joined, said.left)
        break
      case 'ask': {
        const answers = said.questions.map(([link, question]) =>
          peer.links.get(link)?.decider?.decide(question),
        )
        peer.say({ kind: 'answers', batch: said.batch, answers })
        break
      }
      case 'tell':
        this.#relay(peer, said.link, said.to, said.message)
    }
  }

  #follow(peer: Peer, joined: readonly JoinedLink[], left: readonly number[]): void {
    // Those that come first: what they go on with is not to be forgotten in between.
    for (const link of joined) {
      const decider = link.kind === 'rate-limit' ? this.#rates.decider(link.of, link.about) : undefined
      peer.join({ ...link, decider })
    }
    for (const number of left) peer.leave(number)
    this.#rates.keepOnly(this.#deciders())
    const told = joined.filter(({ tells }) => tells)
    if (told.length === 0) return
    for (const other of this.#peers.values()) {
      if (other === peer) continue
      const links = told.flatMap(({ id }) => [...other.told(id)].slice(-1))
      if (links.length > 0) other.say({ kind: 'newcomer', to: peer.token, links })
    }
  }

  #relay(peer: Peer, number: number, to: number | undefined, message: unknown): void {
    const id = peer.links.get(number)?.id
    if (id === undefined) return
    for (const other of this.#peers.values()) {
      if (other === peer || (to !== undefined && other.token !== to)) continue
      for (const link of other.told(id)) other.say({ kind: 'told', link, from: peer.worker.number, message })
    }
  }

  *#deciders(): Iterable<RateDecider> {
    for (const { links } of this.#peers.values())
      for (const { decider } of links.values()) if (decider !== undefined) yield decider
  }
}
