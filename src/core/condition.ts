import type { Client, Exchange } from './exchange.ts'
import type { RequestMessage } from './message.ts'
import { invalidOption } from './options.ts'
import { decodedComponent } from './path.ts'

/** Something that must hold beside host, path and method. Reads what it needs of the request when it is asked. */
export interface Condition {
  /** Equal for conditions that hold for the same requests; `undefined` when that cannot be told. */
  readonly key: string | undefined
  readonly text: string
  /** `path` is the reading of the path that is being matched. */
  test(exchange: Exchange, path: string): boolean
}

type Expected = string | RegExp | true

export function headerCondition(owner: string, name: string, expected: Expected): Condition {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name))
    throw invalidOption(owner, 'headers', 'named by tokens', name)
  const lower = name.toLowerCase()
  return valueCondition(owner, 'header', lower, expected, ({ headers }, accepts) => {
    const { fields, values } = headers
    for (let i = 0; i < fields.length; i++) if (fields[i]!.lower === lower && accepts(values[i]!)) return true
    return false
  })
}

/** Names and values are decoded as HTML forms are: `+` is a space. */
export function queryCondition(owner: string, name: string, expected: Expected): Condition {
  return valueCondition(owner, 'query', name, expected, ({ query }, accepts) => {
    for (let start = 0; start < query.length; ) {
      const end = endOf(query, '&', start)
      const pair = query.slice(start, end)
      const equals = endOf(pair, '=', 0)
      if (formDecoded(pair.slice(0, equals)) === name && accepts(formDecoded(pair.slice(equals + 1))))
        return true
      start = end + 1
    }
    return false
  })
}

/** RFC 6265 section 5.4. Quotes around a value are taken off; nothing is decoded. */
export function cookieCondition(owner: string, name: string, expected: Expected): Condition {
  return valueCondition(owner, 'cookie', name, expected, ({ headers }, accepts) => {
    const { fields, values } = headers
    for (let i = 0; i < fields.length; i++) {
      if (fields[i]!.lower === 'cookie' && lineHasCookie(values[i]!, name, accepts)) return true
    }
    return false
  })
}

function lineHasCookie(line: string, name: string, accepts: (value: string) => boolean): boolean {
  for (let start = 0; start < line.length; ) {
    const end = endOf(line, ';', start)
    const pair = line.slice(start, end)
    const equals = endOf(pair, '=', 0)
    if (pair.slice(0, equals).trim() === name && accepts(unquoted(pair.slice(equals + 1).trim()))) return true
    start = end + 1
  }
  return false
}

export function predicateCondition(
  predicate: (request: RequestMessage, client: Client) => boolean,
): Condition {
  return {
    key: undefined,
    text: predicate.name === '' ? 'predicate' : `predicate ${predicate.name}`,
    test({ request, client }) {
      const result: unknown = predicate(request, client)
      // A promise is truthy: an async predicate would match everything.
      if (typeof result !== 'boolean') {
        throw invalidOption('route', 'predicate', 'a function that returns true or false at once', predicate)
      }
      return result
    },
  }
}

function valueCondition(
  owner: string,
  kind: 'header' | 'query' | 'cookie',
  name: string,
  expected: Expected,
  find: (request: RequestMessage, accepts: (value: string) => boolean) => boolean,
): Condition {
  const accepts = acceptor(owner, name, expected)
  const shown =
    typeof expected === 'string'
      ? ` = ${JSON.stringify(expected)}`
      : expected === true
        ? ''
        : ` ~ ${expected}`
  return {
    key: JSON.stringify([
      kind,
      name,
      expected instanceof RegExp ? [expected.source, expected.flags] : expected,
    ]),
    text: `${kind} ${name}${shown}`,
    test: ({ request }) => find(request, accepts),
  }
}

function acceptor(owner: string, name: string, expected: Expected): (value: string) => boolean {
  if (expected === true) return () => true
  if (typeof expected === 'string') return (value) => value === expected
  if (expected instanceof RegExp) {
    // With `g` or `y` an expression remembers where it stopped in the value before.
    const pattern = new RegExp(expected.source, expected.flags.replace(/[gy]/g, ''))
    return (value) => pattern.test(value)
  }
  throw invalidOption(owner, name, 'a string, a regular expression or true', expected)
}

function endOf(text: string, separator: string, start: number): number {
  const end = text.indexOf(separator, start)
  return end < 0 ? text.length : end
}

function formDecoded(text: string): string {
  return decodedComponent(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}
