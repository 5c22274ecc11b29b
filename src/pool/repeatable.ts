import { IDEMPOTENT_METHODS } from '../core/idempotent-methods.ts'
import type { RequestMessage } from '../core/message.ts'
import { invalidOption } from '../core/options.ts'

/** Which requests may be sent twice. Retries, hedging and fallbacks each have one. */
export interface RepeatableRule {
  readonly methods: ReadonlySet<string>
  /** Whether an `Idempotency-Key` says so of a request, whatever its method. */
  readonly idempotencyKey: boolean
}

/** Whether a request may be sent again, also when an endpoint may have seen it. */
export function isRepeatable({ method, headers }: RequestMessage, rule: RepeatableRule): boolean {
  return rule.methods.has(method) || (rule.idempotencyKey && headers.has('idempotency-key'))
}

/** Checks the two options and fills in the defaults. */
export function repeatableRule(
  owner: string,
  {
    methods = IDEMPOTENT_METHODS,
    idempotencyKey = false,
  }: { readonly methods?: readonly string[]; readonly idempotencyKey?: boolean },
): RepeatableRule {
  // Methods are told apart by case: in lower case they would be those of no request.
  if (!Array.isArray(methods) || !methods.every((it) => typeof it === 'string' && /^[!-`{-~]+$/.test(it)))
    throw invalidOption(owner, 'methods', 'a list of methods in capitals, such as ["GET"]', methods)
  if (typeof idempotencyKey !== 'boolean')
    throw invalidOption(owner, 'idempotencyKey', 'true or false', idempotencyKey)
  return { methods: new Set<string>(methods), idempotencyKey }
}
