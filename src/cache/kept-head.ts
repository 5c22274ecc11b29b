import { HeaderList } from '../core/headers.ts'
import { ageValue } from './age.ts'
import type { KnownHead } from './held-response.ts'
import { ownText } from './own-text.ts'
import type { ReuseTerms } from './reuse-terms.ts'
import { type Validators, validatorsOf } from './validators.ts'
import type { VaryFields } from './variant.ts'

/**
 * A head as it is held in memory, where there are many: its fields are one text, in the form in which they are written, and
 * what is seldom asked for is worked out when it is. It is made once and never changed; `{ ...head }` has not all of it.
 */
export class KeptHead implements KnownHead {
  readonly status: number
  readonly reason: string | undefined
  readonly requestTime: number
  readonly responseTime: number
  readonly variant: string
  readonly tags: readonly string[]
  readonly terms: ReuseTerms
  readonly fields: VaryFields
  readonly date: number
  /** The field lines, those of `Age` last. */
  readonly #lines: string
  readonly #count: number
  readonly #kinds: number
  readonly #marked: readonly number[]
  /** Where the lines of `Age` begin, and how many they are. */
  readonly #ageAt: number
  readonly #ages: number

  private constructor(head: KnownHead) {
    const lines = new Lines(head.headers)
    this.status = head.status
    this.reason = head.reason
    this.requestTime = head.requestTime
    this.responseTime = head.responseTime
    this.variant = ownText(head.variant)
    this.tags = head.tags.length === 0 ? NO_NAMES : head.tags.map(ownText)
    this.terms = head.terms
    this.fields = shared(head.fields)
    this.date = head.date
    this.#lines = ownText(lines.text + lines.ages)
    this.#count = head.headers.size
    this.#kinds = lines.kinds
    this.#marked = lines.marked
    this.#ageAt = lines.text.length
    this.#ages = lines.ageCount
  }

  static of(head: KnownHead): KeptHead {
    return head instanceof KeptHead ? head : new KeptHead(head)
  }

  get key(): string {
    return this.variant
  }

  /** A list of its own each time. */
  get headers(): HeaderList {
    return this.#list(this.#lines, this.#count)
  }

  get validators(): Validators {
    return validatorsOf(this.headers, this.responseTime)
  }

  /** The fields of an answer, with its age of now in ms. */
  aged(ageMs: number): HeaderList {
    const lines = this.#ages === 0 ? this.#lines : this.#lines.slice(0, this.#ageAt)
    return this.#list(`${lines}Age: ${ageValue(ageMs)}\r\n`, this.#count - this.#ages + 1)
  }

  /** Characters of text that it holds. */
  get textLength(): number {
    let length = this.#lines.length + this.variant.length
    for (const tag of this.tags) length += tag.length
    return length
  }

  #list(text: string, count: number): HeaderList {
    return HeaderList.parsed({
      text,
      from: 0,
      to: text.length,
      count,
      kinds: this.#kinds,
      marked: this.#marked,
    })
  }
}

/** The lines of a list as one text, and which of them mean something to whoever writes them. */
class Lines {
  text = ''
  ages = ''
  ageCount = 0
  kinds = 0
  readonly marked: number[]

  constructor({ fields, values }: HeaderList) {
    const marked: number[] = []
    for (const [i, { wire, lower, kind }] of fields.entries()) {
      const line = `${wire}: ${values[i]!}\r\n`
      if (lower === 'age') {
        this.ages += line
        this.ageCount++
        continue
      }
      if (kind !== 0) marked.push(this.text.length, this.text.length + line.length, kind)
      this.kinds |= kind
      this.text += line
    }
    // As long as it is, without room for more.
    this.marked = marked.length === 0 ? NO_MARKS : marked.slice()
  }
}

const NO_MARKS: number[] = []
const NO_NAMES: readonly string[] = []

/** Most responses depend on the same few fields: they share the list. */
const MAX_SHARED = 256
const sharedFields = new Map<string, VaryFields>()

function shared(fields: VaryFields): VaryFields {
  if (fields === '*') return fields
  if (fields.length === 0) return NO_NAMES
  const text = fields.join()
  const known = sharedFields.get(text)
  if (known !== undefined) return known
  const own = text.length > 256 || sharedFields.size >= MAX_SHARED ? undefined : fields.map(ownText)
  if (own !== undefined) sharedFields.set(ownText(text), own)
  return own ?? fields
}
