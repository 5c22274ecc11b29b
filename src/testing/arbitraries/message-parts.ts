import fc from 'fast-check'
import { integer } from '../../core/options.ts'
import type { FieldLine, WrittenField } from './fields.ts'
import type { BodySize } from './framed-body.ts'

/** How large messages are. */
export interface MessageConstraints {
  /** Fields besides those that have to be there. Default 6. */
  readonly maxHeaders?: number | undefined
  /** Default 256. */
  readonly maxBodyBytes?: number | undefined
  /** Fields behind a chunked body. Default 3. */
  readonly maxTrailers?: number | undefined
}

/** A message, cut into what a flaw can be worked into. All is latin1. */
export interface MessageParts {
  readonly startLine: string
  /** Without their line ends. */
  readonly fieldLines: readonly string[]
  /** Chunks as they are written, or the body in one. */
  readonly pieces: readonly string[]
  readonly end: string
}

/** @throws `ERR_OPTION_INVALID` for what is no count. */
export function messageSize(
  owner: string,
  { maxHeaders = 6, maxBodyBytes = 256, maxTrailers = 3 }: MessageConstraints,
): BodySize & { readonly maxHeaders: number } {
  return {
    maxHeaders: integer(owner, 'maxHeaders', maxHeaders),
    maxBodyBytes: integer(owner, 'maxBodyBytes', maxBodyBytes),
    maxTrailers: integer(owner, 'maxTrailers', maxTrailers),
  }
}

/** Where fields stand that have to be there. Shrinks to the front. */
export const places: fc.Arbitrary<readonly [number, number]> = fc.tuple(fc.nat(7), fc.nat(7))

/** The fields of a message in their order: the framing field and `first` at some place among the others. */
export function fieldSection(
  ordinary: readonly WrittenField[],
  framingField: WrittenField | undefined,
  first: WrittenField | undefined,
  [framingPlace, firstPlace]: readonly [number, number],
): { readonly headers: readonly FieldLine[]; readonly fieldLines: readonly string[] } {
  const fields = [...ordinary]
  if (framingField !== undefined) fields.splice(framingPlace % (fields.length + 1), 0, framingField)
  if (first !== undefined) fields.splice(firstPlace % (fields.length + 1), 0, first)
  return { headers: fields.map(({ field }) => field), fieldLines: fields.map(({ line }) => line) }
}

/** The message as it goes over the wire; latin1. */
export function joined({ startLine, fieldLines, pieces, end }: MessageParts): string {
  return `${[startLine, ...fieldLines].join('\r\n')}\r\n\r\n${pieces.join('')}${end}`
}
