/**
 * What an option of the builder is called in a file: `maxRetryAfterMs` is `max_retry_after`, `maxBytes` is `max_size`, and a lone `ms` is `time`. Units are
 * left out, since values have them there: `30s`, `100MB`.
 */
export function configKey(option: string): string {
  return (
    option
      .replace(/^ms$/, 'time')
      // Beside it stands `tls`, how TLS is spoken.
      .replace(/^tlsMs$/, 'tlsTimeout')
      .replace(/Ms$/, '')
      .replace(/^bytes$/, 'size')
      .replace(/Bytes$/, 'Size')
      .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  )
}
