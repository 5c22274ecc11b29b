import type { FieldName } from '../../core/field-name.ts'
import { ENTRY_OVERHEAD, type Sized } from './dynamic-table.ts'
import { type CheckedName, checkName, isPlainValue, valueFlaw } from './field-rules.ts'
import { STATIC_FIELDS } from './static-table.ts'

/** A field as the decoder's tables hold it. It is checked once, when it is made, however often it is referred to. */
export class FieldEntry implements CheckedName, Sized {
  readonly name: string
  readonly field: FieldName | undefined
  readonly pseudo: number
  readonly nameFlaw: string | undefined
  readonly value: string
  readonly size: number
  /** Why a message that has this field is malformed: for its name or for its value. */
  readonly flaw: string | undefined

  constructor({ name, field, pseudo, nameFlaw }: CheckedName, value: string, flaw: string | undefined) {
    this.name = name
    this.field = field
    this.pseudo = pseudo
    this.nameFlaw = nameFlaw
    this.value = value
    this.size = name.length + value.length + ENTRY_OVERHEAD
    this.flaw = nameFlaw ?? flaw
  }
}

/** The static table's entries; index 1 stands first. */
export const STATIC_TABLE: readonly FieldEntry[] = STATIC_FIELDS.map(([name, value]) => {
  const checked = checkName(name)
  const bytes = Buffer.from(value, 'latin1')
  if (!isPlainValue(bytes, 0, bytes.length)) throw new Error(`the static table has a bad value: ${value}`)
  return new FieldEntry(checked, value, valueFlaw(checked, bytes, 0, bytes.length))
})
