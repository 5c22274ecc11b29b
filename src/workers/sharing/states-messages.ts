/** The topic of all of them. */
export const STATES = 'states'

/** Something of one worker that is shared. Its worker knows it by `link`, all together by `id`. */
export interface JoinedLink {
  readonly link: number
  readonly id: string
  /** Who decides for all. */
  readonly kind: string
  /** The id of the one by which a store is known that several have. */
  readonly of: string
  readonly about: unknown
  /** Whether it tells the others anything, and is told. */
  readonly tells: boolean
}

/** What a worker says to the supervisor. */
export type FromWorker =
  | {
      readonly kind: 'links'
      readonly joined: readonly JoinedLink[]
      readonly left: readonly number[]
    }
  /** Each question with the link that asks it. */
  | {
      readonly kind: 'ask'
      readonly batch: number
      readonly questions: readonly (readonly [link: number, question: unknown])[]
    }
  /** To all others, or to the one newcomer that has that number. */
  | {
      readonly kind: 'tell'
      readonly link: number
      readonly to: number | undefined
      readonly message: unknown
    }

/** What the supervisor says to a worker. */
export type FromSupervisor =
  /** In the order of the questions; `undefined` where there is none. */
  | { readonly kind: 'answers'; readonly batch: number; readonly answers: readonly unknown[] }
  | { readonly kind: 'told'; readonly link: number; readonly from: number; readonly message: unknown }
  /** Others have come, and know nothing of what these links have told. */
  | { readonly kind: 'newcomer'; readonly to: number; readonly links: readonly number[] }

/** A message of a worker; `undefined` for what is none. */
export function fromWorker(message: unknown): FromWorker | undefined {
  const said = message as FromWorker | null
  switch (said?.kind) {
    case 'links': {
      const { joined, left } = said
      return Array.isArray(joined) && joined.every(isJoined) && Array.isArray(left) ? said : undefined
    }
    case 'ask': {
      const { batch, questions } = said
      const fine = typeof batch === 'number' && Array.isArray(questions) && questions.every(Array.isArray)
      return fine ? said : undefined
    }
    case 'tell':
      return said
    default:
      return undefined
  }
}

/** A message of the supervisor; `undefined` for what is none. */
export function fromSupervisor(message: unknown): FromSupervisor | undefined {
  const said = message as FromSupervisor | null
  switch (said?.kind) {
    case 'answers':
      return Array.isArray(said.answers) ? said : undefined
    case 'told':
      return said
    case 'newcomer':
      return Array.isArray(said.links) ? said : undefined
    default:
      return undefined
  }
}

function isJoined(joined: unknown): joined is JoinedLink {
  const { link, id, kind, of } = (joined ?? {}) as Partial<JoinedLink>
  return [id, kind, of].every((text) => typeof text === 'string') && Number.isSafeInteger(link)
}
