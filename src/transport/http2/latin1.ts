type Latin1Buffer = Buffer & { latin1Slice(from: number, to: number): string }

/**
 * The bytes from `from` up to `to` as text. `toString('latin1')` spends as long on its arguments as on a string as short as
 * these are, so the method behind it is called, where there is one: Node has it but does not document it.
 */
export const latin1Text: (bytes: Buffer, from: number, to: number) => string =
  'latin1Slice' in Buffer.prototype
    ? (bytes, from, to) => (bytes as Latin1Buffer).latin1Slice(from, to)
    : (bytes, from, to) => bytes.toString('latin1', from, to)
