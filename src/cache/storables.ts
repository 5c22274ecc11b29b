import type { HeaderList } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { ResponseTimes } from './age.ts'
import type { CacheSettings } from './cache-settings.ts'
import { tagsOf } from './cache-tags.ts'
import { type KnownHead, knownHead } from './held-response.ts'
import type { Lookup } from './lookup.ts'
import type { Parts } from './parts.ts'
import { type NotStored, storability } from './storability.ts'
import { storedHead } from './stored-head.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { validatorsOf } from './validators.ts'
import { variantKey } from './variant.ts'

/** What can be stored of an answer, or why nothing. */
export type Storable =
  | {
      readonly head: KnownHead
      readonly own: HeaderList
      readonly isOfParts: boolean
      readonly why?: undefined
    }
  | { readonly head?: undefined; readonly why: NotStored }

/** Looks at what the service has answered, before its content is read. */
export class Storables {
  readonly #settings: CacheSettings
  readonly #parts: Parts

  constructor(settings: CacheSettings, parts: Parts) {
    this.#settings = settings
    this.#parts = parts
  }

  of(
    { key, method, headers: asked, directives }: Lookup,
    { status, headers, reason }: ResponseMessage,
    times: ResponseTimes,
  ): Storable {
    // Terms are those of the head as it is stored, so that who finds it later makes the same of it.
    const dated = storedHead(headers, [], times.responseTime)
    const head = knownHead(
      { status, reason, headers: dated, ...times, variant: '', tags: [] },
      this.#settings,
      key,
    )
    const verdict = storability(
      { method, headers: asked, directives },
      { status, headers, effective: effectiveDirectives(headers, this.#settings.targets), terms: head.terms },
      this.#settings.storability,
    )
    if (!verdict.store) return { why: verdict.reason }
    // Of HEAD there is no content to store.
    if (method === 'HEAD') return { why: 'method' }
    const tags = tagsOf(headers, this.#settings.tagFields)
    if (tags === undefined) return { why: 'tags' }
    const variant = head.fields === '*' ? '' : variantKey(head.fields, asked)
    const kept = storedHead(dated, verdict.without, times.responseTime)
    // By what the service has said alone: a date of our own proves nothing.
    const isOfParts = method === 'GET' && this.#parts.isOfUse(validatorsOf(headers, times.responseTime))
    return { head: { ...head, headers: kept, variant, key: variant, tags }, own: dated, isOfParts }
  }
}
