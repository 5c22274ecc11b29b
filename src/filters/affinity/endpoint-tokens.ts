import { createHmac, timingSafeEqual } from 'node:crypto'

import { type Candidates, type Endpoint, perCandidates } from '../../core/balancer.ts'

/** 128 bits of HMAC-SHA256: RFC 2104 section 5 asks for at least half of it. */
const TAG_BYTES = 16
const TOKEN = /^[\w-]{43}$/

/**
 * Names of endpoints for clients: `tag | signature`, in base64url. The tag is the endpoint's id under HMAC, so that clients do
 * not learn it; the signature is the tag's, so that a token of an endpoint that is gone can be told from one of a client's own
 * making. Both are for one purpose: a token of another name is as good as none.
 *
 * An endpoint has one token for each key, made once. So requests are served by a look-up, and a hash is made for none.
 */
export class EndpointTokens {
  readonly #keys: readonly Uint8Array[]
  readonly #purpose: string
  readonly #made = new WeakMap<Endpoint, readonly string[]>()
  readonly #byToken: (serving: Candidates) => ReadonlyMap<string, Candidates>

  /** The first key signs. */
  constructor(keys: readonly Uint8Array[], purpose: string) {
    this.#keys = keys
    this.#purpose = purpose
    this.#byToken = perCandidates((serving) => this.#index(serving))
  }

  /** The endpoint of a token, if it is one of these: as candidates of which there is one, the same array each time. */
  find(token: string, serving: Candidates): Candidates | undefined {
    return this.#byToken(serving).get(token)
  }

  /** The token that clients are given for an endpoint. */
  of(endpoint: Endpoint): string {
    return this.#tokensOf(endpoint)[0]!
  }

  /** Whether we have made a token, for whichever endpoint. */
  isOurs(token: string): boolean {
    if (!TOKEN.test(token)) return false
    const bytes = Buffer.from(token, 'base64url')
    const tag = bytes.subarray(0, TAG_BYTES)
    return this.#keys.some((key) => timingSafeEqual(this.#signature(key, tag), bytes.subarray(TAG_BYTES)))
  }

  #index(serving: Candidates): ReadonlyMap<string, Candidates> {
    const index = new Map<string, Candidates>()
    for (const endpoint of serving) {
      const candidates = [endpoint]
      for (const token of this.#tokensOf(endpoint)) index.set(token, candidates)
    }
    return index
  }

  #tokensOf(endpoint: Endpoint): readonly string[] {
    let tokens = this.#made.get(endpoint)
    if (tokens === undefined) {
      tokens = this.#keys.map((key) => {
        const tag = this.#mac(key, 'endpoint').update(endpoint.id).digest().subarray(0, TAG_BYTES)
        return Buffer.concat([tag, this.#signature(key, tag)]).toString('base64url')
      })
      this.#made.set(endpoint, tokens)
    }
    return tokens
  }

  #signature(key: Uint8Array, tag: Uint8Array): Buffer {
    return this.#mac(key, 'token').update(tag).digest().subarray(0, TAG_BYTES)
  }

  /** What is signed for one thing must not pass for another: each text begins with what it is for. */
  #mac(key: Uint8Array, what: 'endpoint' | 'token') {
    return createHmac('sha256', key).update(`${what}\0${this.#purpose}\0`)
  }
}
