import type { Exchange } from '../../core/exchange.ts'
import { FieldKind, fieldName } from '../../core/field-name.ts'
import { type HeaderList, isFieldName, isFieldValue } from '../../core/headers.ts'
import { invalidOption, knownOptions } from '../../core/options.ts'
import { type FieldValue, type ValueMaker, valueMaker } from './field-value.ts'
import { ToldFields } from './told-fields.ts'

/** Changes of the fields of a message. They are made in this order: `remove`, `rename`, `set`, `add`. */
export interface FieldChanges {
  /** Fields to take away, all lines of each. */
  remove?: readonly string[]
  /** New names of fields. Values and number of lines stay; what was there under the new name is replaced. */
  rename?: Readonly<Record<string, string>>
  /**
   * Fields to write in the place of all that was there under their names. One whose value is missing is taken away: what a
   * client has sent under that name must not pass for the proxy's word.
   */
  set?: Readonly<Record<string, FieldValue>>
  /** Fields to write behind what was there under their names. One whose value is missing is not written. */
  add?: Readonly<Record<string, FieldValue | readonly FieldValue[]>>
}

/** What is done with a value that no field can hold. */
export type OnBadValue = (name: string) => undefined

/** A field with what makes its value. */
export interface MadeField {
  readonly kind: 'set' | 'add'
  readonly name: string
  readonly make: string | ValueMaker
}

/** Changes that were checked, ready to be made to one message after the other. */
export class CompiledChanges {
  /** What is written, in order. */
  readonly made: readonly MadeField[]
  readonly #removed: readonly string[]
  readonly #renamed: readonly (readonly [from: string, to: string])[]
  /** Of requests: what services are told, or are not to be. */
  readonly #told: ToldFields | undefined
  readonly #onBadValue: OnBadValue

  constructor(
    owner: string,
    side: 'request' | 'response',
    changes: FieldChanges,
    known: readonly string[],
    onBadValue: OnBadValue,
  ) {
    knownOptions(`${owner}: ${side}`, changes, known)
    const { remove = [], rename = {}, set = {}, add = {} } = changes
    this.#onBadValue = onBadValue
    if (!Array.isArray(remove)) throw invalidOption(owner, `${side}.remove`, 'a list of field names', remove)
    const check = (option: string, name: unknown) => checkedName(owner, `${side}.${option}`, side, name)
    this.#removed = remove.map((name) => check('remove', name))
    this.#renamed = entries(owner, `${side}.rename`, rename).map(
      ([from, to]) => [check('rename', from), check('rename', to)] as const,
    )
    const make = (kind: 'set' | 'add', name: string, value: FieldValue): MadeField => ({
      kind,
      name: check(kind, name),
      make: valueMaker(owner, `${side}.${kind}: ${name}`, value),
    })
    this.made = [
      ...entries(owner, `${side}.set`, set).map(([name, value]) => make('set', name, value)),
      ...entries(owner, `${side}.add`, add).flatMap(([name, value]) =>
        (Array.isArray(value) ? (value as readonly FieldValue[]) : [value as FieldValue]).map((one) =>
          make('add', name, one),
        ),
      ),
    ]
    if (side === 'request')
      this.#told = new ToldFields([
        ...this.#removed,
        ...this.#renamed.flat(),
        ...this.made.filter(({ kind }) => kind === 'set').map(({ name }) => name),
      ])
  }

  apply(headers: HeaderList, exchange: Exchange): void {
    this.#told?.removeDisguisedFrom(headers)
    for (const name of this.#removed) if (headers.has(name)) headers.delete(name)
    for (const [from, to] of this.#renamed) rename(headers, from, to)
    for (const field of this.made) {
      const value = this.valueOf(field, exchange)
      if (field.kind === 'add') {
        if (value !== undefined) headers.append(field.name, value)
      } else if (value !== undefined) headers.set(field.name, value)
      else headers.delete(field.name)
    }
  }

  /** Fit for a field; `undefined` where there is none. */
  valueOf({ name, make }: MadeField, exchange: Exchange): string | undefined {
    if (typeof make === 'string') return make
    const value: unknown = make(exchange)
    if (value === undefined || isFieldValue(value)) return value
    return this.#onBadValue(name)
  }
}

function rename(headers: HeaderList, from: string, to: string): void {
  if (!headers.has(from)) return
  const values = headers.getAll(from)
  headers.delete(from)
  headers.delete(to)
  for (const value of values) headers.append(to, value)
}

function entries<T>(owner: string, option: string, record: Readonly<Record<string, T>>): [string, T][] {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw invalidOption(owner, option, 'an object of fields', record)
  return Object.entries(record)
}

/** What the proxy writes into requests itself, or ends here, whatever a filter does. */
const OF_THE_PROXY = {
  request:
    FieldKind.hopByHop |
    FieldKind.framing |
    FieldKind.host |
    FieldKind.expect |
    FieldKind.forwarding |
    FieldKind.via |
    FieldKind.handshake |
    FieldKind.disguised,
  response: FieldKind.hopByHop | FieldKind.framing | FieldKind.handshake | FieldKind.disguised,
}

function checkedName(owner: string, option: string, side: 'request' | 'response', name: unknown): string {
  if (!isFieldName(name)) throw invalidOption(owner, option, 'names of fields (tokens)', name)
  const { kind } = fieldName(name)
  if ((kind & OF_THE_PROXY[side]) === 0) return name
  throw invalidOption(owner, option, `left to the proxy for this field${hint(kind)}`, name)
}

function hint(kind: number): string {
  if ((kind & FieldKind.host) !== 0) return ', which writes it anew (the "host" of a pool says what)'
  if ((kind & (FieldKind.forwarding | FieldKind.via)) !== 0)
    return ', which writes it anew (options of the listener and the pool say what)'
  if ((kind & FieldKind.disguised) !== 0) return ', which drops it: with a hyphen it would be one of its own'
  return ', which frames messages and keeps connections itself'
}
