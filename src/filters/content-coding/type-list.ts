import type { HeaderList } from '../../core/headers.ts'
import { invalidOption } from '../../core/options.ts'

const TOKEN = "[!#$%&'+.^_`|~0-9a-z-]+"
const PATTERN = new RegExp(`^${TOKEN}/(?:\\*|\\*\\+${TOKEN}|${TOKEN})$`)

/** A list of media types: `text/html`, `text/*`, `application/*+json`. Parameters are not looked at. */
export class TypeList {
  readonly #expression: RegExp

  /** @throws `ERR_OPTION_INVALID` */
  constructor(owner: string, option: string, types: string | readonly string[]) {
    const list: readonly unknown[] = typeof types === 'string' ? [types] : types
    if (!Array.isArray(list) || list.length === 0)
      throw invalidOption(owner, option, 'a list of media types', types)
    const parts = list.map((it: unknown) => {
      const type = typeof it === 'string' ? it.toLowerCase() : ''
      if (!PATTERN.test(type))
        throw invalidOption(
          owner,
          option,
          'media types such as "text/html", "text/*" or "application/*+json"',
          it,
        )
      return type.replaceAll(/[^\w/*-]/g, '\\$&').replace('*', '[^;\\s]+')
    })
    this.#expression = new RegExp(`^(?:${parts.join('|')})[\\t ]*(?:;|$)`, 'i')
  }

  /** Whether the content is of one of the types. Content that says nothing of its type is of none. */
  has(headers: HeaderList): boolean {
    const type = headers.get('content-type')
    return type !== undefined && this.#expression.test(type)
  }
}
