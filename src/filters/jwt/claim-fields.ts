import { type HeaderList, isFieldName } from '../../core/headers.ts'
import { invalidOption } from '../../core/options.ts'
import { isEngineField, ToldFields } from '../fields/told-fields.ts'
import { type ClaimPath, claimAt, claimPath } from './claim-path.ts'

/** Fields by which a service is told what a token says. */
export class ClaimFields {
  readonly #names: ToldFields
  readonly #fields: readonly { readonly name: string; readonly path: readonly string[] }[]

  constructor(owner: string, given: Readonly<Record<string, ClaimPath>>) {
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw invalidOption(owner, 'claimsToHeaders', 'an object of names of fields and claims', given)
    this.#fields = Object.entries(given).map(([name, path]) => {
      if (!isFieldName(name) || isTaken(name))
        throw invalidOption(
          owner,
          'claimsToHeaders',
          'an object whose names are those of fields without a meaning of their own, such as "x-user"',
          name,
        )
      return { name, path: claimPath(owner, 'claimsToHeaders', path) }
    })
    this.#names = new ToldFields(this.#fields.map(({ name }) => name))
  }

  /** The fields for these claims; one that a field cannot tell of is left out. */
  of(claims: object): readonly (readonly [name: string, value: string])[] {
    const fields: (readonly [string, string])[] = []
    for (const { name, path } of this.#fields) {
      const value = fieldValue(claimAt(claims, path))
      if (value !== undefined) fields.push([name, value])
    }
    return fields
  }

  /** Removes what a client has sent under these names. */
  removeFrom(headers: HeaderList): void {
    this.#names.removeFrom(headers)
  }
}

function isTaken(name: string): boolean {
  const lower = name.toLowerCase()
  return isEngineField(name) || lower === 'authorization' || lower === 'cookie'
}

/** What a field can hold of a claim: texts, numbers, truth, and lists of these. */
function fieldValue(claim: unknown): string | undefined {
  if (!Array.isArray(claim)) return itemValue(claim, /[^\x21-\x24\x26-\x7e ]/gu)
  const items = claim.map((it) => itemValue(it, /[^\x21-\x24\x26-\x2b\x2d-\x7e ]/gu))
  return items.every((it) => it !== undefined) ? items.join(',') : undefined
}

/**
 * What a field cannot hold is percent-encoded as UTF-8, and so is the percent sign: two users never become one.
 */
function itemValue(item: unknown, unfit: RegExp): string | undefined {
  if (typeof item === 'number' || typeof item === 'boolean') return String(item)
  if (typeof item !== 'string') return undefined
  return item.replace(unfit, percentEncoded).replace(/^ +| +$/g, (spaces) => '%20'.repeat(spaces.length))
}

/** `encodeURIComponent` throws over half a surrogate pair, and leaves some of ASCII. */
function percentEncoded(character: string): string {
  const hex = Buffer.from(character, 'utf8').toString('hex').toUpperCase()
  return hex.replace(/../g, '%$&')
}
