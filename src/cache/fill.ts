import type { ResponseMessage } from '../core/message.ts'
import type { SharedBody } from '../core/shared-body.ts'
import type { KnownHead } from './held-response.ts'
import type { HeldResponse } from './memory-level.ts'

/** What came of asking the service, for all who wait for it. */
export type Filled =
  /** It can be stored: everyone whose request matches reads along. */
  | { readonly kind: 'shared'; readonly head: KnownHead; readonly content: SharedBody }
  /** What is stored answers: it was confirmed (304), or the service has failed and stale is better than nothing. */
  | { readonly kind: 'held'; readonly held: HeldResponse; readonly because: 'validated' | 'stale-if-error' }
  /** It is for the one alone whose request was sent. Everyone else asks for himself. */
  | { readonly kind: 'own'; readonly response: ResponseMessage }

/** One question to the service, and those who wait for its answer. */
export class Fill {
  readonly answer: Promise<Filled>
  /** Whether what it asks for has been changed since: its answer is for those who wait, and is not stored. */
  outdated = false

  constructor(ask: () => Promise<Filled>) {
    this.answer = ask()
    // Those who wait look at it; a refresh in the background has nobody who does.
    this.answer.catch(() => {})
  }
}
