import { invalidOption } from '../../core/options.ts'
import { type ClaimPath, claimAt, claimPath } from './claim-path.ts'
import type { Refusal } from './refusal.ts'
import type { JwtClaims } from './token-verifier.ts'

/** What a token must entitle to: all of some scopes, and one at least of some roles. */
export class Entitlement {
  readonly #scopes: readonly string[]
  readonly #roles: readonly string[]
  readonly #rolesClaim: readonly string[]

  constructor(
    owner: string,
    scopes: readonly string[] | undefined,
    roles: readonly string[] | undefined,
    rolesClaim: ClaimPath | undefined,
  ) {
    this.#scopes = names(owner, 'scopes', scopes, SCOPE, 'scopes (RFC 6749 section 3.3)')
    this.#roles = names(owner, 'roles', roles, /./, 'names of roles')
    if (roles === undefined && rolesClaim !== undefined)
      throw invalidOption(owner, 'rolesClaim', 'left out, or given together with "roles"', rolesClaim)
    this.#rolesClaim = claimPath(owner, 'rolesClaim', rolesClaim ?? 'roles')
  }

  /** Why these claims are not enough; `undefined` where they are. */
  lackOf(claims: JwtClaims): Refusal | undefined {
    const scopes = this.#scopes.length === 0 ? [] : listed(claims.scope ?? claims.scp, ' ')
    if (!this.#scopes.every((it) => scopes.includes(it)))
      return {
        error: 'insufficient_scope',
        description: 'the token has not all of the scopes that are needed',
        scope: this.#scopes,
      }
    if (this.#roles.length === 0) return undefined
    const roles = listed(claimAt(claims, this.#rolesClaim))
    if (this.#roles.some((it) => roles.includes(it))) return undefined
    return { error: 'insufficient_scope', description: 'the token has none of the roles that are needed' }
  }
}

/** RFC 6749 section 3.3, `scope-token`. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** A list, or a text that holds one. */
function listed(claim: unknown, separator?: string): readonly unknown[] {
  if (Array.isArray(claim)) return claim
  if (typeof claim !== 'string') return []
  return separator === undefined ? [claim] : claim.split(separator)
}

function names(
  owner: string,
  option: string,
  given: readonly string[] | undefined,
  syntax: RegExp,
  expectation: string,
): readonly string[] {
  if (given === undefined) return []
  if (
    Array.isArray(given) &&
    given.length > 0 &&
    given.every((it) => typeof it === 'string' && syntax.test(it))
  )
    return given
  throw invalidOption(owner, option, `a list of at least one of ${expectation}`, given)
}
