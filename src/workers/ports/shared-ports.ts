import type { Address } from '../../core/network.ts'
import type { SocketHandle } from '../../transport/network.ts'
import type { SocketChannel } from '../socket-channel.ts'
import { PORTS, type PortAnswer, type PortQuestion } from './port-messages.ts'

/** A worker, as it uses ports. */
export interface PortUser {
  readonly number: number
  readonly phase: 'starting' | 'serving' | 'draining'
  readonly channel: SocketChannel
}

/** What binds sockets. */
export interface Binding {
  addressOf(host: string): Promise<{ readonly address: string; readonly family: number }>
  /** `undefined` where several sockets cannot have one port. */
  bindSocket(
    at: { readonly address: string; readonly family: number; readonly port: number },
    shared: boolean,
  ): { readonly socket: SocketHandle; readonly address: Address } | undefined
}

/** A port that workers listen at. */
interface Port {
  readonly id: number
  readonly host: string
  /** As the worker asked for it: 0 is any. */
  readonly asked: number
  readonly address: Address
  readonly family: number
  /** Where each worker number has a socket of its own. */
  readonly each: boolean
  readonly held: Set<HeldSocket>
}

/** A socket that is kept open here, so that nobody who waits in it is lost when a worker ends. */
interface HeldSocket {
  readonly id: number
  readonly port: Port
  /** The number of the workers that it is for; 0: for all. */
  readonly of: number
  readonly socket: SocketHandle
  readonly users: Set<PortUser>
  /** Whether connections come to it: a worker has listened with it. */
  listens: boolean
  lentTo: PortUser | undefined
}

/**
 * The ports of all workers. Each worker number has a socket of its own at each port, and the system deals connections out to
 * them evenly (`SO_REUSEPORT`); a socket that all workers accepted from would give most of them to one. The sockets outlive the
 * workers: one that takes another's place accepts those who waited for that one. Meanwhile another worker does.
 */
export class SharedPorts {
  readonly #binding: Binding
  readonly #users = new Set<PortUser>()
  readonly #ports = new Set<Port>()
  #nextId = 1
  /** One binds after the other: two that ask for one port are to have the same. */
  #binds: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(binding: Binding) {
    this.#binding = binding
  }

  /** Answers what a worker asks, from now on. */
  serve(user: PortUser): void {
    this.#users.add(user)
    user.channel.listen(PORTS, (message) => {
      const question = message as PortQuestion
      if (question.kind === 'open') this.#asked(user, question)
      else if (question.kind === 'leave') {
        const last = this.#leave(user, question.socket)
        answer(user, { kind: 'leave', id: question.id, last })
      } else this.#leave(user, question.socket)
    })
  }

  /** A worker serves: what its number had, and it did not ask for, is not wanted any more. */
  served(user: PortUser): void {
    for (const held of this.#all()) {
      if (held.users.size > 0 || (held.of !== 0 && held.of !== user.number)) continue
      const { lentTo } = held
      this.#drop(held)
      if (lentTo !== undefined) answer(lentTo, { kind: 'back', socket: held.id, last: true })
    }
  }

  /** A worker has ended. */
  gone(user: PortUser): void {
    this.#users.delete(user)
    for (const held of this.#all()) {
      held.users.delete(user)
      if (held.lentTo === user) held.lentTo = undefined
    }
    this.#settle()
  }

  /** Lets go of all. Workers that still accept go on. */
  close(): void {
    this.#closed = true
    for (const held of this.#all()) this.#drop(held)
  }

  #asked(user: PortUser, { id, host, port }: PortQuestion & { readonly kind: 'open' }): void {
    const bound = this.#binds.then(async () => {
      const held = await this.#open(user, host, port)
      // It may have ended meanwhile.
      if (!this.#users.has(user)) return
      held.users.add(user)
      held.listens = true
      const { address, id: portId } = held.port
      answer(user, { kind: 'opened', id, port: portId, socket: held.id, address }, held.socket)
      this.#settle()
    })
    this.#binds = bound.catch((error: NodeJS.ErrnoException) => {
      answer(user, { kind: 'refused', id, error: { message: error.message, code: error.code } })
    })
  }

  /** The socket of a worker at a port that it does not listen at yet. */
  async #open(user: PortUser, host: string, asked: number): Promise<HeldSocket> {
    const same = [...this.#ports].filter((it) => it.host === host && it.asked === asked)
    const free = same.find(({ held }) => ![...held].some(({ users }) => users.has(user)))
    if (free !== undefined) return this.#socketOf(free, user.number)
    const { address, family } = await this.#binding.addressOf(host)
    if (this.#closed) throw new Error('the supervisor ends')
    // Without sharing it, the system says whether someone else is there: another one that shares it would be let in.
    const probe = this.#binding.bindSocket({ address, family, port: asked }, false)!
    probe.socket.close()
    const at = { address, family, port: probe.address.port }
    const shared = this.#binding.bindSocket(at, true)
    const first = shared ?? this.#binding.bindSocket(at, false)!
    const port: Port = {
      id: this.#nextId++,
      host,
      asked,
      address: first.address,
      family,
      each: shared !== undefined,
      held: new Set(),
    }
    this.#ports.add(port)
    return this.#hold(port, user.number, first.socket)
  }

  #socketOf(port: Port, number: number): HeldSocket {
    const of = port.each ? number : 0
    for (const held of port.held) if (held.of === of) return held
    const { address, family } = port
    const { socket } = this.#binding.bindSocket({ ...address, family }, true)!
    return this.#hold(port, number, socket)
  }

  #hold(port: Port, number: number, socket: SocketHandle): HeldSocket {
    const held: HeldSocket = {
      id: this.#nextId++,
      port,
      of: port.each ? number : 0,
      socket,
      users: new Set(),
      listens: false,
      lentTo: undefined,
    }
    port.held.add(held)
    return held
  }

  /** Whether nobody else has it, nor will. */
  #leave(user: PortUser, id: number): boolean {
    const held = [...this.#all()].find((it) => it.id === id)
    if (held === undefined) return true
    const borrowed = held.lentTo === user
    if (borrowed) held.lentTo = undefined
    else held.users.delete(user)
    if (held.users.size > 0 || held.lentTo !== undefined) return false
    // One that could not start leaves what the next one of its number will have.
    const kept = user.phase === 'starting' || (borrowed && this.#accepting(held.port).length > 0)
    if (kept) this.#settle()
    else this.#drop(held)
    return !kept
  }

  /** Lends what nobody accepts from, and takes back what its own worker accepts from again. */
  #settle(): void {
    for (const held of this.#all()) {
      const { lentTo, users, port } = held
      if (users.size > 0) {
        held.lentTo = undefined
        if (lentTo !== undefined) answer(lentTo, { kind: 'back', socket: held.id, last: false })
      } else if (lentTo === undefined && held.listens) {
        const [borrower] = this.#accepting(port)
        if (borrower === undefined) continue
        held.lentTo = borrower
        answer(borrower, { kind: 'lent', port: port.id, socket: held.id }, held.socket)
      }
    }
  }

  /** Who accepts at a port: first those that go on, and of those, who has borrowed least. */
  #accepting({ held }: Port): PortUser[] {
    const all = [...held]
    const borrowed = (user: PortUser): number => all.filter(({ lentTo }) => lentTo === user).length
    const leaving = (user: PortUser): number => (user.phase === 'draining' ? 1 : 0)
    return all
      .flatMap(({ users }) => [...users])
      .sort((one, other) => leaving(one) - leaving(other) || borrowed(one) - borrowed(other))
  }

  #drop(held: HeldSocket): void {
    held.socket.close()
    held.port.held.delete(held)
    if (held.port.held.size === 0) this.#ports.delete(held.port)
  }

  #all(): HeldSocket[] {
    return [...this.#ports].flatMap(({ held }) => [...held])
  }
}

function answer(user: PortUser, message: PortAnswer, socket?: SocketHandle): void {
  user.channel.send(PORTS, message, socket)
}
