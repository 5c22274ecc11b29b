import {
  Ajv,
  type AnySchema,
  type ErrorObject,
  type FormatDefinition,
  type Options,
  type ValidateFunction,
} from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { invalidOption } from '../../core/options.ts'

/** A JSON Schema: draft 7, or 2020-12 where its `$schema` says so. */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>

/** Where something is not as it must be. */
export interface Fault {
  /** A JSON pointer (RFC 6901); `''` is the whole. */
  readonly pointer: string
  /** What it must be. */
  readonly detail: string
}

/**
 * A string or a name that is longer matches no `pattern` and has no `format`: the time that an expression takes may grow with the
 * square of it. Base64 (`byte`) may be long.
 */
export const MAX_PATTERN_INPUT = 4_096
/** In larger documents only the first fault is looked for: a fault for each byte would cost far more than the bytes. */
export const ALL_FAULTS_BYTES = 4_096
const MAX_POINTER = 200

/** Values that come as text may be taken for numbers and the like. */
type Kind = 'document' | 'texts'

/** A schema, ready to be asked. */
export class CompiledSchema {
  readonly #first: ValidateFunction
  readonly #all: ValidateFunction

  /** @throws `ERR_OPTION_INVALID` with what is wrong with the schema */
  constructor(owner: string, option: string, schema: JsonSchema, kind: Kind) {
    if (
      typeof schema !== 'boolean' &&
      (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    )
      throw invalidOption(owner, option, 'a JSON Schema: an object, true or false', schema)
    try {
      this.#first = compile(schema, kind, false)
      this.#all = compile(schema, kind, true)
    } catch (error) {
      throw invalidOption(owner, option, `a JSON Schema that can be used (${reasonOf(error)})`, schema)
    }
  }

  /** The faults of a value that took so many bytes, at most `max`; none where it is as it must be. */
  faults(value: unknown, bytes: number, max: number): readonly Fault[] {
    if (this.#first(value)) return []
    const first = this.#first.errors!
    if (bytes > ALL_FAULTS_BYTES) return first.slice(0, 1).map(faultOf)
    this.#all(value)
    return (this.#all.errors ?? first).slice(0, max).map(faultOf)
  }
}

function compile(schema: JsonSchema, kind: Kind, allErrors: boolean): ValidateFunction {
  const options: Options = {
    allErrors,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    // What a name is inherited for must not count as there.
    ownProperties: true,
    coerceTypes: kind === 'texts' ? 'array' : false,
    logger: false,
    code: { regExp: boundedExpression },
  }
  const latest = typeof schema === 'object' && String(schema.$schema).includes('/2020-12/')
  const ajv = latest ? new Ajv2020(options) : new Ajv(options)
  formats.default(ajv)
  for (const [name, format] of Object.entries(ajv.formats))
    if (name !== 'byte' && format !== undefined) ajv.addFormat(name, bounded(format))
  const validate = ajv.compile(schema as AnySchema)
  if ('$async' in validate) throw new Error('it is asynchronous')
  return validate
}

const boundedExpression = Object.assign(
  (pattern: string, flags: string) => {
    const expression = new RegExp(pattern, flags)
    return { test: short((text) => expression.test(text)) }
  },
  // Only for code that is written to a file.
  { code: 'new RegExp' },
)

type AddedFormat = NonNullable<Ajv['formats'][string]>

function bounded(format: AddedFormat): AddedFormat {
  if (format === true) return format
  if (format instanceof RegExp) return short((text) => format.test(text))
  if (typeof format === 'function') return short(format)
  if (format.type === 'number' || format.async === true) return format
  const { validate } = format as FormatDefinition<string>
  return typeof validate === 'function' ? short(validate) : short((text) => new RegExp(validate).test(text))
}

function short(holds: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.length <= MAX_PATTERN_INPUT && holds(text)
}

function faultOf({ instancePath, keyword, params, message = 'is not as it must be' }: ErrorObject): Fault {
  const name: unknown =
    keyword === 'additionalProperties'
      ? params.additionalProperty
      : keyword === 'unevaluatedProperties'
        ? params.unevaluatedProperty
        : undefined
  const pointer = typeof name === 'string' ? `${instancePath}/${escaped(name)}` : instancePath
  return { pointer: pointer.slice(0, MAX_POINTER), detail: message }
}

/** RFC 6901 section 3. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error)
  return reason.length > 200 ? `${reason.slice(0, 200)}…` : reason
}
