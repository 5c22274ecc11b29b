import type { Handler } from './handler.ts'
import { invalidOption } from './options.ts'

/** A pool, as far as filters know of it: what it is made into is the proxy's to say. */
export interface PoolTarget {
  describe(): { readonly name: string }
  compile(...against: never[]): unknown
}

/** A service that a filter knows by its address alone. Each proxy makes one pool of it, whoever names it. */
export class ServiceAddress {
  /** Scheme, host and port. */
  readonly origin: string

  /** @internal */
  constructor(origin: string) {
    this.origin = origin
  }
}

/** Where a filter has exchanges answered, or sends requests of its own. */
export type CallTarget = Handler | PoolTarget | ServiceAddress

/** The same as users write it: a pool, a handler, or the address of a service, such as `https://id.example.com`. */
export type CallTargetInit = Handler | PoolTarget | string

/** A function that names targets: they are compiled, started and closed with the proxy that has it. */
export interface UsesTargets {
  readonly uses: readonly CallTarget[]
}

/** Checks an option that names a target. @throws `ERR_OPTION_INVALID` */
export function targetOf(owner: string, option: string, given: CallTargetInit): CallTarget {
  if (typeof given === 'function' || isPoolTarget(given)) return given
  const url = typeof given === 'string' ? URL.parse(given) : null
  const isOrigin =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === '' &&
    url.pathname === '/'
  if (isOrigin) return new ServiceAddress(url.origin)
  throw invalidOption(
    owner,
    option,
    'a pool, a handler, or the address of a service without a path, such as "https://id.example.com"',
    given,
  )
}

/** Says which targets a filter or a handler uses; without that, a proxy knows nothing of them. */
export function withTargets<F extends object>(fn: F, targets: readonly CallTarget[]): F & UsesTargets {
  return Object.assign(fn, { uses: targets })
}

/** What filters and handlers use, in their order. */
export function usedBy(fns: readonly object[]): CallTarget[] {
  return fns.flatMap((fn) => (fn as Partial<UsesTargets>).uses ?? [])
}

function isPoolTarget(given: unknown): given is PoolTarget {
  return (
    typeof given === 'object' &&
    given !== null &&
    typeof (given as Partial<PoolTarget>).compile === 'function'
  )
}
