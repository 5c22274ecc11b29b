/** An EndpointSlice has a thousand endpoints at most, and all of it fits into etcd, which takes 1.5 MiB. */
const LINE_BYTES = 4_194_304

/** The lines of a stream, as they come: all that one piece of it has ended. A last one without an end is none. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  let parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    const lines: string[] = []
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, at)])
      if (line.length > LINE_BYTES) throw tooLong()
      lines.push(line.toString('utf8'))
      parts = []
      bytes = 0
      from = at + 1
    }
    if (lines.length > 0) yield lines
    if (from === chunk.length) continue
    parts.push(Buffer.from(chunk.subarray(from)))
    bytes += chunk.length - from
    if (bytes > LINE_BYTES) throw tooLong()
  }
}

const NEWLINE = 0x0a

function tooLong(): Error {
  return new Error(`the API server has sent a line of more than ${LINE_BYTES} bytes`)
}
