import { FieldKind, fieldName } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'

/**
 * The names of fields by which a filter tells services something. What clients send under them must not pass for it: not in
 * another case, and not with `_` for `-`, which CGI and its heirs cannot tell apart.
 */
export class ToldFields {
  readonly #names: ReadonlySet<string>
  readonly #spelled: ReadonlySet<string>

  constructor(names: readonly string[]) {
    this.#spelled = new Set(names.map((name) => name.toLowerCase()))
    this.#names = new Set([...this.#spelled].map(alike))
  }

  /** Removes all that could pass for one of them. */
  removeFrom(headers: HeaderList): void {
    this.#remove(headers, false)
  }

  /** Removes what could pass for one of them, and has none of their names. */
  removeDisguisedFrom(headers: HeaderList): void {
    this.#remove(headers, true)
  }

  #remove(headers: HeaderList, disguisedOnly: boolean): void {
    const { fields } = headers
    let forged: Set<string> | undefined
    for (let i = 0; i < fields.length; i++) {
      const { lower } = fields[i]!
      if (!this.#names.has(alike(lower)) || (disguisedOnly && this.#spelled.has(lower))) continue
      forged ??= new Set()
      forged.add(lower)
    }
    if (forged !== undefined) for (const name of forged) headers.delete(name)
  }
}

/** The values of all fields that services may take for the one of this name. */
export function valuesAlike(headers: HeaderList, name: string): string[] {
  const wanted = alike(name.toLowerCase())
  const { fields, values } = headers
  const found: string[] = []
  for (let i = 0; i < fields.length; i++) if (alike(fields[i]!.lower) === wanted) found.push(values[i]!)
  return found
}

/** Whether a name is that of a field which means something to the engine, so that nothing else can be told by it. */
export function isEngineField(name: string): boolean {
  return fieldName(name).kind !== FieldKind.ordinary
}

function alike(lower: string): string {
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower
}
