import type { HeaderList } from '../../core/headers.ts'

/** Values by name, without a prototype: any name is just a name. */
export type Texts = Record<string, string | string[]>

/** The parameters of a query; a name that stands there more than once has a list. `undefined` where one cannot be decoded. */
export function queryTexts(query: string): Texts | undefined {
  const texts = newTexts()
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decoded(equals < 0 ? part : part.slice(0, equals))
    const value = decoded(equals < 0 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    const known = texts[name]
    if (known === undefined) texts[name] = value
    else if (Array.isArray(known)) known.push(value)
    else texts[name] = [known, value]
  }
  return texts
}

/** Fields, with names in lower case; lines of one name are joined. */
export function headerTexts(headers: HeaderList): Texts {
  const texts = newTexts()
  for (const [name] of headers) texts[name.toLowerCase()] ??= headers.get(name)!
  return texts
}

export function paramTexts(params: Readonly<Record<string, string>>): Texts {
  return Object.assign(newTexts(), params)
}

function newTexts(): Texts {
  return Object.create(null) as Texts
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
