import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { integer, invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { readRequest } from './json/read-document.ts'
import { CompiledSchema, type Fault, type JsonSchema } from './json-schema/compiled-schema.ts'
import { headerTexts, paramTexts, queryTexts, type Texts } from './json-schema/request-parts.ts'

export interface ValidateOptions {
  /** Of the content, which must then be there and be JSON. */
  body?: JsonSchema
  /** Of the query, as an object. A name that stands there more than once has a list of its values. */
  query?: JsonSchema
  /** Of the route's `:params`, as an object. */
  params?: JsonSchema
  /** Of the fields, as an object with names in lower case. */
  headers?: JsonSchema
  /** What the content may have, in bytes. Default `'1mb'`. It is held whole while it is checked. */
  maxBytes?: Size
  /** How many faults an answer names, from 1 to 100. Default 10. */
  maxFaults?: number
}

const OWNER = 'validate'

const OPTIONS: readonly string[] = [
  'body',
  'query',
  'params',
  'headers',
  'maxBytes',
  'maxFaults',
] satisfies (keyof ValidateOptions)[]

const PARTS = ['params', 'query', 'headers'] as const

type Part = 'body' | (typeof PARTS)[number]

/** A fault as the answer has it. */
interface NamedFault extends Fault {
  readonly in: Part
}

/**
 * Lets only requests through that are as JSON Schemas say: content, and by option query, route parameters and fields.
 *
 * What does not fit is answered with 422 (`request_content_invalid`): a problem document whose `errors` name each fault, with the part it
 * is `in`, a JSON pointer (RFC 6901) and what must be there. There are at most `maxFaults`; of content above 4 KiB, the first alone.
 * The service sees nothing of such a request. Content that is no JSON by its `Content-Type`, or has a coding, is a 415; what is
 * no JSON in truth, or has a name twice in one object, `__proto__`, `constructor.prototype` or more than 200 levels, is a 400;
 * what is larger than `maxBytes`, a 413. What was checked is sent on byte by byte as it came.
 *
 * Schemas are of draft 7, or 2020-12 where `$schema` says so, with the formats of `ajv-formats`. They are compiled at the call; unknown keywords
 * and formats, and references that lead nowhere, are mistakes there. In query, parameters and fields all is text: `"7"` is a number
 * where the schema wants one, and one value is a list where it wants a list. Inherited names count as absent.
 *
 * Traps: schemas are yours, and what they are held against is hostile. A `pattern` may take exponential time for a text that is made for
 * it: write it without nested repetition. Texts longer than 4 KiB match none, and have no `format` but `byte`. Give each array with `uniqueItems` a `maxItems`:
 * objects in it are compared each with each. `params` are there behind a route, so place the filter on the route. A service may
 * read a query in another way than by `&` and `=`.
 *
 * @example
 * proxy().route('/orders', validate({ body: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } } }), orders)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for a schema that cannot be compiled.
 */
export function validate(options: ValidateOptions): Filter {
  const validator = new Validator(options)
  const filter: Filter = (exchange, next) => {
    const faults = validator.head(exchange)
    if (!validator.readsBody) {
      if (faults.length > 0) throw validator.refusal(faults)
      return next(exchange)
    }
    return validator.body(exchange, faults).then(() => next(exchange))
  }
  return named(filter, OWNER)
}

class Validator {
  readonly #body: CompiledSchema | undefined
  readonly #parts: readonly (readonly [(typeof PARTS)[number], CompiledSchema])[]
  readonly #maxBytes: number
  readonly #maxFaults: number

  constructor(options: ValidateOptions) {
    knownOptions(OWNER, options, OPTIONS)
    const { body } = options
    if (body === undefined && PARTS.every((part) => options[part] === undefined))
      throw invalidOption(OWNER, 'body', 'a JSON Schema, where there is none of another part', body)
    this.#body = body === undefined ? undefined : new CompiledSchema(OWNER, 'body', body, 'document')
    this.#parts = PARTS.flatMap((part) => {
      const schema = options[part]
      return schema === undefined ? [] : [[part, new CompiledSchema(OWNER, part, schema, 'texts')] as const]
    })
    this.#maxBytes = sizeBytes(OWNER, 'maxBytes', options.maxBytes ?? '1mb', { min: 1 })
    this.#maxFaults = integer(OWNER, 'maxFaults', options.maxFaults ?? 10, { min: 1, max: 100 })
  }

  get readsBody(): boolean {
    return this.#body !== undefined
  }

  /** The faults of what came with the head. */
  head(exchange: Exchange): NamedFault[] {
    const faults: NamedFault[] = []
    for (const [part, schema] of this.#parts) {
      const texts = textsOf(part, exchange)
      if (texts === undefined) faults.push({ in: part, pointer: '', detail: 'must be percent-encoded UTF-8' })
      // A head is bounded, and so is what can be wrong with it.
      else faults.push(...faultsIn(part, schema.faults(texts, 0, this.#maxFaults)))
    }
    return faults
  }

  async body({ request }: Exchange, faults: NamedFault[]): Promise<void> {
    const document = await readRequest(request, this.#maxBytes)
    if (document === undefined) faults.push({ in: 'body', pointer: '', detail: 'must be there' })
    else {
      const { value, bytes } = document
      faults.push(...faultsIn('body', this.#body!.faults(value, bytes.length, this.#maxFaults)))
      request.body = Body.from(bytes)
    }
    if (faults.length > 0) throw this.refusal(faults)
  }

  refusal(faults: readonly NamedFault[]): ProxyError {
    const errors = faults.slice(0, this.#maxFaults)
    const { in: part, pointer, detail } = errors[0]!
    return new ProxyError('request_content_invalid', {
      detail: `${part}${pointer} ${detail}`,
      members: { errors },
    })
  }
}

function textsOf(part: (typeof PARTS)[number], { request, params }: Exchange): Texts | undefined {
  if (part === 'query') return queryTexts(request.query)
  return part === 'params' ? paramTexts(params) : headerTexts(request.headers)
}

function faultsIn(part: Part, faults: readonly Fault[]): NamedFault[] {
  return faults.map((fault) => ({ in: part, ...fault }))
}
