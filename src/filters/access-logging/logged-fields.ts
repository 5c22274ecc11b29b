import type { Attribute } from '../../core/attribute.ts'
import type { Exchange } from '../../core/exchange.ts'
import { invalidOption } from '../../core/options.ts'
import type { AccessLogValue } from './access-log-entry.ts'
import { clipped } from './line-text.ts'

/** Where a field of a user's own comes from: an attribute that another filter sets, or a function of the exchange. */
export type AccessLogField = Attribute<unknown> | ((exchange: Exchange) => unknown)

type Source = readonly [name: string, read: (exchange: Exchange) => unknown]

/** What a user wants in the log beside what is always there. */
export class LoggedFields {
  readonly #sources: readonly Source[]

  /** @throws `ERR_OPTION_INVALID` */
  constructor(owner: string, fields: Readonly<Record<string, AccessLogField>>) {
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw invalidOption(owner, 'fields', 'an object of attributes and functions', fields)
    this.#sources = Object.entries(fields).map(([name, source]): Source => {
      if (typeof source === 'function') return [name, source]
      if (typeof source !== 'object' || source === null || typeof source.name !== 'string')
        throw invalidOption(owner, `fields.${name}`, 'an attribute, or a function of the exchange', source)
      return [name, (exchange) => exchange.get(source)]
    })
  }

  /** Texts, numbers and booleans; of anything else, nothing. `undefined` where there is none. */
  of(exchange: Exchange, failed: (error: unknown) => void): Record<string, AccessLogValue> | undefined {
    let found: Record<string, AccessLogValue> | undefined
    for (const [name, read] of this.#sources) {
      let value: unknown
      try {
        value = read(exchange)
      } catch (error) {
        failed(error)
        continue
      }
      if (typeof value === 'string') value = clipped(value)
      else if (typeof value !== 'boolean' && !Number.isFinite(value)) continue
      found ??= Object.create(null) as Record<string, AccessLogValue>
      found[name] = value as AccessLogValue
    }
    return found
  }
}
