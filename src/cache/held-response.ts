import { dateOf } from './age.ts'
import { withJitter } from './jitter.ts'
import { type ReuseTerms, type ReuseTermsOptions, reuseTerms, staleFromNow } from './reuse-terms.ts'
import type { StoredHead } from './stored-response.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'
import { type Validators, validatorsOf } from './validators.ts'
import { type VaryFields, varyFields } from './variant.ts'

/** A stored head with all that follows from it, worked out once. */
export interface KnownHead extends StoredHead {
  readonly terms: ReuseTerms
  readonly validators: Validators
  /** The fields that its `Vary` names. */
  readonly fields: VaryFields
  /** The same as `variant`: what the request that it answered had in these. */
  readonly key: string
  readonly date: number
}

export interface HeadOptions {
  readonly terms: ReuseTermsOptions
  readonly targets: readonly string[]
  /** Up to which part of a lifetime is taken off. Default 0. */
  readonly jitter?: number
}

/** `key`: what it is stored under; what is taken off its lifetime follows from it. */
export function knownHead(
  head: StoredHead,
  { terms, targets, jitter = 0 }: HeadOptions,
  key = '',
): KnownHead {
  const { headers, responseTime, variant } = head
  return {
    ...head,
    terms: withJitter(reuseTerms(head, effectiveDirectives(headers, targets), head, terms), jitter, key),
    validators: validatorsOf(headers, responseTime),
    fields: varyFields(headers),
    key: variant,
    date: dateOf(headers, responseTime),
  }
}

/** The same, of a response that was stale at the moment `since` at the latest. */
export function staleHead(head: KnownHead, since: number): KnownHead {
  const { status, reason, headers, requestTime, responseTime, variant, tags } = head
  const { terms, validators, fields, key, date } = head
  return {
    ...{ status, reason, headers, requestTime, responseTime, variant, tags },
    ...{ terms: staleFromNow(terms, since), validators, fields, key, date },
  }
}
