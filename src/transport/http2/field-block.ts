import { type FieldName, fieldName } from '../../core/field-name.ts'
import type { FieldEntry } from './field-entry.ts'
import { Pseudo } from './field-rules.ts'

const COOKIE = fieldName('cookie')

/**
 * A field block, decoded: the header section of a message with its control data, or a trailer section. Names and values are
 * parallel arrays in wire order, as `HeaderList` has them, and belong to whoever takes them.
 */
export class FieldBlock {
  method: string | undefined = undefined
  scheme: string | undefined = undefined
  authority: string | undefined = undefined
  path: string | undefined = undefined
  /** Of an extended CONNECT (RFC 8441). */
  protocol: string | undefined = undefined
  /** 0 where there is none. */
  status = 0
  readonly fields: FieldName[] = []
  readonly values: string[] = []
  /** Which pseudo-header fields there are: bits of `Pseudo`. */
  pseudo = 0
  /** The kinds of all fields together (`FieldKind`). */
  kinds = 0
  /** Fields, pseudo-header fields among them. */
  count = 0
  /** Bytes of all names and values, and 32 for each field (RFC 9113 section 6.5.2). */
  size = 0
  /**
   * It has more fields or bytes than the limits allow. What came past them was not kept, but the tables are in step, so that
   * the connection lives on: the stream alone is answered with 431, or reset.
   */
  tooLarge = false
  /**
   * The first thing for which the message is malformed, whatever kind of message it is: a fault of the stream (RFC 9113
   * section 8.1.1). `requestFlaw`, `responseFlaw` and `trailersFlaw` know the rest.
   */
  flaw: string | undefined = undefined
  /**
   * Names of fields that must go into no table at the next hop either (RFC 7541 section 6.2.3). `undefined` for nearly every
   * message.
   */
  neverIndexed: string[] | undefined = undefined
  #cookies = 0

  /** Notes that a field came; whether there is room for it is the decoder's to say. */
  add(entry: FieldEntry): void {
    if (entry.flaw !== undefined) this.flaw ??= entry.flaw
    if (entry.pseudo !== Pseudo.none) {
      this.#addPseudo(entry)
      return
    }
    const { field } = entry
    if (field === undefined) return
    this.fields.push(field)
    this.values.push(entry.value)
    this.kinds |= field.kind
    if (field === COOKIE) this.#cookies++
  }

  /** All fields are here. */
  end(): void {
    if (this.#cookies > 1) this.#joinCookies()
  }

  #addPseudo({ pseudo, name, value, flaw }: FieldEntry): void {
    if ((this.pseudo & pseudo) !== 0) this.flaw ??= `more than one ${name}`
    else if (this.fields.length > 0) this.flaw ??= `${name} behind a field that is no pseudo-header field`
    this.pseudo |= pseudo
    if (flaw !== undefined) return
    switch (pseudo) {
      case Pseudo.method:
        this.method = value
        return
      case Pseudo.scheme:
        this.scheme = value
        return
      case Pseudo.authority:
        this.authority = value
        return
      case Pseudo.path:
        this.path = value
        return
      case Pseudo.protocol:
        this.protocol = value
        return
      case Pseudo.status:
        this.status = Number(value)
    }
  }

  /** RFC 9113 section 8.2.3: a cookie may come in pieces, and HTTP/1.1 and its applications know only whole ones. */
  #joinCookies(): void {
    const { fields, values } = this
    const crumbs: string[] = []
    let first = -1
    let kept = 0
    for (let i = 0; i < fields.length; i++) {
      if (fields[i] === COOKIE) {
        crumbs.push(values[i]!)
        if (first >= 0) continue
        first = kept
      }
      fields[kept] = fields[i]!
      values[kept] = values[i]!
      kept++
    }
    fields.length = kept
    values.length = kept
    values[first] = crumbs.join('; ')
  }
}
