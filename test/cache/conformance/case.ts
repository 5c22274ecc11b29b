import type { CacheOptions } from 'gatewright/cache'
import type { FakeReply, Fault } from 'gatewright/testing'
import type { Duration } from '../../../src/core/options.ts'

/** One thing that a shared cache must, should or may do, and a run of requests that shows it. Plain data. */
export interface CacheCase {
  /** Unique among all: `freshness-s-maxage-over-max-age`. */
  readonly id: string
  /** The RFC and its section: `9111 5.2.2.10`. `sections.ts` has them all. */
  readonly rfc: string
  /** The requirement in a plain sentence. Cases of the same requirement say it in the same words. */
  readonly requires: string
  /** `own`: no RFC says it, or one leaves it open, and it is what this cache has chosen. */
  readonly level: 'must' | 'should' | 'may' | 'own'
  readonly options?: CaseOptions
  /** What is still to be built, so that the case fails. The test fails as soon as it passes. */
  readonly until?: string
  readonly steps: readonly Step[]
}

export type CaseOptions = CacheOptions & { readonly [later: string]: unknown }

export type Step =
  /** Moves the virtual clock. */
  | { readonly advance: Duration }
  | RequestStep
  | TogetherStep
  /** What `purge` of the cache is given. */
  | { readonly purge: unknown; readonly soft?: boolean }

/** A client asks, and has the whole answer before the next step. */
export interface RequestStep {
  readonly request: CaseRequest
  /** What the service answers if it is asked. Default: 200 with the content `answer n` in the n-th step with a request. */
  readonly origin?: Origin
  readonly expect: Expected & { readonly asked: Asked }
}

/** Several clients ask. The next step begins when all have their answers. */
export interface TogetherStep {
  readonly together: readonly {
    readonly request: CaseRequest
    /** So much later than the step begins. Default 0. */
    readonly afterMs?: number
    /** The client leaves so much later than the step begins. It has no answer to look at. */
    readonly leavesMs?: number
    readonly expect?: Expected
  }[]
  readonly origin?: Origin
  /** How many requests the service gets. */
  readonly asked: number
}

export interface CaseRequest {
  /** Default `GET`; `POST` where there is a body. */
  readonly method?: string
  /** Default `/a`. */
  readonly path?: string
  readonly host?: string
  /** Default `http`. */
  readonly scheme?: 'https'
  readonly headers?: Fields
  readonly body?: string
}

/** A field with several values is sent in so many lines. */
export type Fields = Readonly<Record<string, string | readonly string[]>>

export type Origin =
  | (OriginReply & { readonly fault?: Fault })
  /** Several requests are answered so, one after the other; the last one all further ones. */
  | readonly OriginReply[]
  /** Connections are refused. */
  | 'unreachable'

export type OriginReply = Pick<FakeReply, 'status' | 'reason' | 'body' | 'delayMs' | 'framing' | 'raw'> & {
  readonly headers?: Fields
  readonly trailers?: Fields
  readonly informational?: readonly { readonly status: number; readonly headers?: Fields }[]
}

/** Whether the service is asked, at once or in the background; how often; or what the request that it gets must have. */
export type Asked = boolean | number | { readonly method?: string; readonly headers: ExpectedFields }

/** The value of a field, its lines joined by `, `; what it must match; `null`: it must not be there. */
export type ExpectedFields = Readonly<Record<string, string | RegExp | null>>

/**
 * What the client gets. Where the service is asked, the status and the content are by default those that it has answered with
 * now; else those that it has answered with the last time before.
 */
export interface Expected {
  readonly status?: number
  readonly headers?: ExpectedFields
  readonly body?: string | RegExp
  readonly trailers?: ExpectedFields
  /** The statuses of the interim responses that come before. */
  readonly informational?: readonly number[]
  readonly cacheStatus?: string | RegExp
  /** Whether all of it comes. Default true. */
  readonly complete?: boolean
}

/** When each simulation begins: a Thursday. */
export const START = Date.UTC(2026, 0, 1)

/** An HTTP date so many seconds after the simulation began, or before it. */
export function at(seconds: number): string {
  return new Date(START + seconds * 1_000).toUTCString()
}
