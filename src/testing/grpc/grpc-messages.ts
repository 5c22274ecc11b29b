/** Bytes of a message of gRPC, without their framing. */
export type GrpcMessage = string | Uint8Array

/** @internal A message with its five bytes of framing, not compressed. */
export function framedMessage(message: GrpcMessage): Buffer {
  const bytes = Buffer.from(message as string)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** @internal The messages of a body; of one that is cut off, those that are whole. */
export function messagesOf(body: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at + HEAD_BYTES <= body.length; ) {
    const end = at + HEAD_BYTES + body.readUInt32BE(at + 1)
    if (end > body.length) break
    messages.push(body.subarray(at + HEAD_BYTES, end))
    at = end
  }
  return messages
}

/** @internal A `grpc-message`: percent-encoded, but for what may stand in a field. */
export function encodedStatusMessage(message: string): string {
  return Buffer.from(message)
    .toString('latin1')
    .replace(
      /[^\x20-\x24\x26-\x7e]/g,
      (it) => `%${it.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
}

/** @internal */
export function decodedStatusMessage(given: string): string {
  const bytes = given.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString()
}

const HEAD_BYTES = 5
