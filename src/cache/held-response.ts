import type { HeaderList } from '../core/headers.ts'
import { dateOf } from './age.ts'
import { type ReuseTerms, type ReuseTermsOptions, reuseTerms } from './reuse-terms.ts'
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
}

export function knownHead(head: StoredHead, { terms, targets }: HeadOptions): KnownHead {
  const { headers, responseTime, variant } = head
  return {
    ...head,
    terms: reuseTerms(head, effectiveDirectives(headers, targets), head, terms),
    validators: validatorsOf(headers, responseTime),
    fields: varyFields(headers),
    key: variant,
    date: dateOf(headers, responseTime),
  }
}

/** The fields of a response that say something of one connection, or of what its sender is allowed: they are not stored. */
export function storableFields(headers: HeaderList, without: readonly string[]): HeaderList {
  const kept = headers.clone()
  for (const name of [...headers.getAll('connection').flatMap(listed), ...OF_ONE_CONNECTION, ...without])
    kept.delete(name)
  return kept
}

const OF_ONE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'content-length',
]

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function listed(line: string): string[] {
  return line
    .split(',')
    .map((it) => it.trim())
    .filter((it) => TOKEN.test(it))
}
