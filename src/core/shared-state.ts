import type { Clock } from './clock.ts'

/** How something in one process reaches the same thing in the others, and whoever decides for all of them. */
export interface SharedLink {
  /** The time of this process, whose dates are those of all. */
  readonly clock: Clock
  /** Tells the same thing in each other process. Lost where it is not there yet. */
  tell(message: unknown): void
  /** Asks who decides for all. Rejects when no answer comes in time. */
  ask(question: unknown): Promise<unknown>
}

/** What something that counts or judges does where several processes serve as one. */
export interface Shared {
  /** Who decides for all, and what is told: `rate-limit`, `circuit`, `pool`. */
  readonly kind: string
  /** What is decided about together: the store that several filters have. Default: each thing by itself. */
  readonly of?: object
  /** What whoever decides must know before it is asked. */
  readonly about?: unknown
  /** From now on it is one of several. */
  join(link: SharedLink): SharedMember
}

/** One of several. Nothing of it may throw. What it is given was written by another process, of another version perhaps. */
export interface SharedMember {
  /** Another one has told something: that of the worker with this number. */
  told?(message: unknown, from: number): void
  /** What one that comes later must be told; `undefined`: nothing. */
  now?(): unknown
  /** It is by itself again. The link is of no use any more. */
  leave(): void
}

/** Something that may be shared, and where it stands: by these it is known again in other processes. */
export interface SharedPlace {
  readonly at: string
  readonly name: string
  readonly thing: object
}

/** Has states of a running proxy shared with the processes that serve beside this one. */
export interface StateSharing {
  /** From now on all that `list` gives is shared, as far as it can be; each stays so until the last hold on it is released. */
  hold(list: () => readonly SharedPlace[]): SharingHold
}

export interface SharingHold {
  /** Looks at the list again. */
  renew(): void
  release(): void
}

const SHARED: unique symbol = Symbol('gatewright.shared')

interface Sharing {
  [SHARED]?: Shared
}

/** Says how something is shared among processes that serve as one. */
export function withShared<T extends object>(thing: T, shared: Shared): T {
  Object.defineProperty(thing, SHARED, { value: shared })
  return thing
}

/** How something is shared; `undefined` for what is each process's own. */
export function sharedOf(thing: object): Shared | undefined {
  return (thing as Sharing)[SHARED]
}
