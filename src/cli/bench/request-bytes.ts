export interface BenchRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  /** Checked. One that is called `Host` stands in place of the url's. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | undefined
}

/** A request as it stands on the wire: made once, sent as often as is asked for. */
export function requestBytes({ method, target, host, headers, body }: BenchRequest): Buffer {
  const has = (name: string) => headers.some(([given]) => given.toLowerCase() === name)
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(has('host') ? [] : [`Host: ${host}`]),
    ...(has('user-agent') ? [] : ['User-Agent: gatewright-bench']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${body.byteLength}`]),
  ]
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return body === undefined ? head : Buffer.concat([head, body])
}
