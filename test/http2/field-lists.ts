import fc from 'fast-check'
import type { FieldBlock } from '../../src/transport/http2/field-block.ts'
import type { HpackEncoder } from '../../src/transport/http2/hpack-encoder.ts'
import { OutputBuffer } from '../../src/transport/http2/output-buffer.ts'

export type Field = readonly [name: string, value: string]

/** The bytes of a block of these fields. */
export function encodeBlock(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  // Small, so that it has to grow.
  const out = new OutputBuffer(8)
  encoder.begin(out)
  for (const [name, value] of fields) encoder.field(out, name, value)
  return Buffer.from(out.bytes.subarray(0, out.length))
}

/** Everything that a block has, pseudo-header fields first, as they stand in a request or a response. */
export function fieldsOf(block: FieldBlock): Field[] {
  const { method, scheme, authority, path, protocol, status } = block
  const control: [string, string | undefined][] = [
    [':method', method],
    [':scheme', scheme],
    [':authority', authority],
    [':path', path],
    [':protocol', protocol],
    [':status', status === 0 ? undefined : String(status)],
  ]
  return [
    ...control.filter((it): it is [string, string] => it[1] !== undefined),
    ...block.fields.map(({ lower }, i): Field => [lower, block.values[i]!]),
  ]
}

export const paths: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'users', '~b', '%20', '1', 'x=y', '.'), { maxLength: 6 })
  .map((segments) => `/${segments.join('/')}`)
