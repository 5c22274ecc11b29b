import fc from 'fast-check'
import { type FieldLine, mostly, ordinaryFields, plainField, spelled, type WrittenField } from './fields.ts'

/** A body, and everything on the wire that says where it ends. */
export interface FramedBody<F extends string> {
  readonly framing: F
  /** `undefined` when the framing is `none`. */
  readonly body: Buffer | undefined
  /** Empty unless chunked. */
  readonly chunkSizes: readonly number[]
  readonly trailers: readonly FieldLine[]
  /** The field that says how the body is framed. */
  readonly framingField: WrittenField | undefined
  /** Chunks as they are written, or the body in one; latin1. */
  readonly pieces: readonly string[]
  /** What follows them; latin1. */
  readonly end: string
}

/** No body, and no field that would say so. */
export const WITHOUT_BODY: FramedBody<'none'> = {
  framing: 'none',
  body: undefined,
  chunkSizes: [],
  trailers: [],
  framingField: undefined,
  pieces: [],
  end: '',
}

/** How large bodies are. */
export interface BodySize {
  readonly maxBodyBytes: number
  readonly maxTrailers: number
}

/**
 * Bodies framed in one of these ways. Shrinks to the first of them, and to no bytes. What is drawn is the same for all, so
 * that the framing shrinks while the bytes stay.
 */
export function framedBodies<F extends 'none' | 'length' | 'chunked' | 'close'>(
  framings: readonly F[],
  { maxBodyBytes, maxTrailers }: BodySize,
): fc.Arbitrary<FramedBody<F>> {
  return fc
    .tuple(
      // Not `constantFrom`, which shrinks to the first alone.
      fc.nat(framings.length - 1).map((i) => framings[i]!),
      fc.array(fc.tuple(text(maxBodyBytes), extension, chunkSize), { maxLength: 8 }),
      mostly('0', '000', '0;a=b'),
      ordinaryFields(maxTrailers),
      spelled('Content-Length'),
      fc.tuple(spelled('Transfer-Encoding'), mostly('chunked', 'Chunked', 'CHUNKED')),
    )
    .map(([framing, drawn, last, trailers, lengthName, [codingName, coding]]) => {
      if (framing === 'none') return { ...WITHOUT_BODY, framing }
      const chunks = fitting(drawn, maxBodyBytes)
      const whole = chunks.map(([text]) => text).join('')
      const body = Buffer.from(whole, 'latin1')
      if (framing !== 'chunked') {
        const framingField = framing === 'length' ? plainField(lengthName, `${whole.length}`) : undefined
        return { ...WITHOUT_BODY, framing, body, framingField, pieces: [whole] }
      }
      return {
        framing,
        body,
        chunkSizes: chunks.map(([{ length }]) => length),
        trailers: trailers.map(({ field }) => field),
        framingField: plainField(codingName, coding),
        pieces: chunks.map(([text, ext, sizeOf]) => `${sizeOf(text.length)}${ext}\r\n${text}\r\n`),
        end: `${last}\r\n${trailers.map(({ line }) => `${line}\r\n`).join('')}\r\n`,
      }
    })
}

type Chunk = readonly [text: string, extension: string, sizeOf: (size: number) => string]

/** As many as there is room for; the last of them is cut off. */
function fitting(chunks: readonly Chunk[], maxBytes: number): Chunk[] {
  let room = maxBytes
  return chunks.flatMap(([text, ...rest]): Chunk[] => {
    const part = text.slice(0, room)
    room -= part.length
    return part === '' ? [] : [[part, ...rest]]
  })
}

const extension = mostly('', ';a', ';a=b', ';a="b;c"', ';a="\\"\xe9";d')

/** Digits may be capitals, and zeros may go before them (RFC 9112 section 7.1). */
const chunkSize = mostly<(size: number) => string>(
  (size) => size.toString(16),
  (size) => size.toString(16).toUpperCase(),
  (size) => `00${size.toString(16)}`,
)

/** What a careless reader takes for framing, or for the next message. */
const HOSTILE = [
  ...['\r\n', '0\r\n\r\n', '\0', '5\r\n', 'X: 1\r\n'],
  '\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: evil\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
]
const anyBytes = fc
  .array(fc.nat(255), { minLength: 1, maxLength: 24 })
  .map((bytes) => String.fromCharCode(...bytes))

/** Some bytes, at least one; latin1. How many there are does not hang on which they are, so that each shrinks for itself. */
function text(maxBytes: number): fc.Arbitrary<string> {
  const most = Math.max(1, maxBytes)
  const length = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: Math.min(most, 64) }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: most }) },
  )
  const filling = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constantFrom('a', ...HOSTILE) },
    { weight: 1, arbitrary: anyBytes },
  )
  return fc
    .tuple(length, filling)
    .map(([length, part]) => part.repeat(Math.ceil(length / part.length)).slice(0, length))
}
