import { type Clock, systemClock } from '../../core/clock.ts'
import { log } from '../../core/log.ts'
import {
  type SharedMember,
  type SharedPlace,
  type SharingHold,
  type StateSharing,
  sharedOf,
} from '../../core/shared-state.ts'
import type { Channel } from '../channel.ts'
import { atEndOfTurn } from '../processes/end-of-turn.ts'
import { QuestionQueue } from './question-queue.ts'
import { type FromWorker, fromSupervisor, type JoinedLink, STATES } from './states-messages.ts'

export interface JoinOptions {
  readonly clock?: Clock
  /** Calls at the end of this turn of the event loop. */
  readonly soon?: (call: () => void) => void
}

/**
 * Has the states of a worker's proxy shared with the other workers, through the supervisor at the other end of a channel: as
 * `sharing` of its surroundings. When the channel is closed, nobody is told of anything any more, and questions have no
 * answer.
 */
export function joinStates(channel: Channel, options: JoinOptions = {}): StateSharing {
  return new JoinedStates(channel, options)
}

interface Link {
  readonly number: number
  readonly id: string
  readonly of: string
  readonly ofThing: object
  readonly member: SharedMember
}

class JoinedStates implements StateSharing {
  readonly #channel: Channel
  readonly #clock: Clock
  readonly #questions: QuestionQueue
  /** What each hold has listed, oldest first: things by their ids. */
  readonly #held = new Map<object, ReadonlyMap<object, string>>()
  readonly #links = new Map<object, Link>()
  readonly #byNumber = new Map<number, Link>()
  #nextNumber = 0
  #toldOfFailure = false

  constructor(channel: Channel, { clock = systemClock, soon = atEndOfTurn }: JoinOptions) {
    this.#channel = channel
    this.#clock = clock
    this.#questions = new QuestionQueue({
      clock,
      soon,
      send: (batch, questions) => this.#say({ kind: 'ask', batch, questions }),
    })
    channel.listen(STATES, (message) => this.#hear(message))
    void channel.closed.then(() => this.#questions.close())
  }

  hold(list: () => readonly SharedPlace[]): SharingHold {
    const hold: SharingHold = {
      renew: () => {
        if (!this.#held.has(hold)) return
        this.#held.set(hold, shareable(list()))
        this.#sync()
      },
      release: () => {
        this.#held.delete(hold)
        this.#sync()
      },
    }
    this.#held.set(hold, new Map())
    hold.renew()
    return hold
  }

  #sync(): void {
    const wanted = new Map<object, string>()
    for (const things of this.#held.values()) for (const [thing, id] of things) wanted.set(thing, id)
    const left: number[] = []
    for (const [thing, { id, number, member }] of this.#links) {
      if (wanted.get(thing) === id) continue
      this.#links.delete(thing)
      this.#byNumber.delete(number)
      left.push(number)
      member.leave()
    }
    const stores = new Map([...this.#links.values()].map(({ ofThing, of }) => [ofThing, of]))
    const joined: JoinedLink[] = []
    for (const [thing, id] of wanted) if (!this.#links.has(thing)) joined.push(this.#join(thing, id, stores))
    if (joined.length > 0 || left.length > 0) this.#say({ kind: 'links', joined, left })
  }

  #join(thing: object, id: string, stores: Map<object, string>): JoinedLink {
    const shared = sharedOf(thing)!
    const { kind, about, of: ofThing = thing } = shared
    const number = this.#nextNumber++
    const of = stores.get(ofThing) ?? id
    stores.set(ofThing, of)
    const member = shared.join({
      clock: this.#clock,
      tell: (message) => this.#say({ kind: 'tell', link: number, to: undefined, message }),
      ask: (question) => this.#questions.ask(number, question),
    })
    const link = { number, id, of, ofThing, member }
    this.#links.set(thing, link)
    this.#byNumber.set(number, link)
    return { link: number, id, kind, of, about, tells: member.told !== undefined }
  }

  #hear(message: unknown): void {
    const said = fromSupervisor(message)
    switch (said?.kind) {
      case 'answers':
        this.#questions.answered(said.batch, said.answers)
        break
      case 'told':
        this.#guarded(() => this.#byNumber.get(said.link)?.member.told?.(said.message, said.from))
        break
      case 'newcomer':
        for (const link of said.links)
          this.#guarded(() => {
            const now = this.#byNumber.get(link)?.member.now?.()
            if (now !== undefined) this.#say({ kind: 'tell', link, to: said.to, message: now })
          })
    }
  }

  /** What another process has said must not end this one. Told of once. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!this.#toldOfFailure) log.error('what another worker has told could not be followed', error)
      this.#toldOfFailure = true
    }
  }

  #say(message: FromWorker): void {
    this.#channel.send(STATES, message)
  }
}

/** Things that can be shared, by what they are called in each worker: where they stand, and how many of that name do. */
function shareable(places: readonly SharedPlace[]): ReadonlyMap<object, string> {
  const counts = new Map<string, number>()
  const ids = new Map<object, string>()
  for (const { at, name, thing } of places) {
    const shared = sharedOf(thing)
    if (shared === undefined || ids.has(thing)) continue
    const place = JSON.stringify([shared.kind, at, name])
    const count = counts.get(place) ?? 0
    counts.set(place, count + 1)
    ids.set(thing, `${place}${count === 0 ? '' : `#${count}`}`)
  }
  return ids
}
