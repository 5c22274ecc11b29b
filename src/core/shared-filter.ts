/** How a filter in one process reaches the same filter in the others, and whoever decides for all of them. */
export interface SharedLink {
  /** Tells the same filter in each other process. Lost where one is not there yet, or falls behind. */
  tell(message: unknown): void
  /** Asks who decides for all. Rejects when no answer comes. `kind` says who that is. */
  ask(question: unknown): Promise<unknown>
}

/** What a filter that counts or judges does where several processes serve as one. */
export interface Shared {
  /** Who decides for all, and what is told: `rate-limit`, `circuit`. */
  readonly kind: string
  /** From now on it is one of several. What others tell is given to `told` of what it returns; `leave` ends it. */
  join(link: SharedLink): SharedMember
}

export interface SharedMember {
  told(message: unknown): void
  leave(): void
}

const SHARED: unique symbol = Symbol('gatewright.shared')

interface Sharing {
  [SHARED]?: Shared
}

/** Says how a filter is shared among processes that serve as one. */
export function withShared<F extends object>(filter: F, shared: Shared): F {
  Object.defineProperty(filter, SHARED, { value: shared })
  return filter
}

/** How a filter is shared; `undefined` for one whose state is each process's own. */
export function sharedOf(filter: object): Shared | undefined {
  return (filter as Sharing)[SHARED]
}
