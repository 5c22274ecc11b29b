import type { DrainSettings } from '../proxy/drain-options.ts'

/** What a supervisor and its workers say of the workers themselves. */
export const CONTROL = 'control'

/** Of a worker. */
export type WorkerReport =
  | { readonly kind: 'serving'; readonly urls: readonly string[] }
  /** Its event loop turns: the answer to `answer`. */
  | { readonly kind: 'alive' }
  /** It could not start, and ends. */
  | { readonly kind: 'failed'; readonly error: StartFailure }
  | {
      readonly kind: 'reloaded'
      readonly id: number
      /** What it serves now, also where it has refused. */
      readonly urls: readonly string[]
      readonly error: string | undefined
    }

/** Of the supervisor. */
export type WorkerOrder =
  | { readonly kind: 'drain'; readonly settings: DrainSettings }
  | { readonly kind: 'close' }
  | { readonly kind: 'reload'; readonly id: number }
  /** Is to say that it is alive. */
  | { readonly kind: 'answer' }

/** An error, as it is sent. */
export interface StartFailure {
  readonly message: string
  /** Of a `StartError`. */
  readonly code: string | undefined
  readonly stack: string | undefined
}
