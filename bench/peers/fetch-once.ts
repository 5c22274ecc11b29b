import { request } from 'node:http'
import { connect } from 'node:http2'
import { request as requestSecurely } from 'node:https'

export interface Fetched {
  status: number
  bytes: number
  text: string
}

export interface FetchOptions {
  method?: string
  headers?: Record<string, string>
  body?: Buffer
  /** By HTTPS, whatever the certificate. */
  tls?: boolean
  /** Speaks HTTP/2, with prior knowledge. */
  http2?: boolean
}

/** One request on its own connection, read to the end: to see that a proxy works before it is measured. */
export function fetchOnce(port: number, path: string, options: FetchOptions = {}): Promise<Fetched> {
  const { method = 'GET', headers = {}, body, tls = false, http2 = false } = options
  if (http2) return fetchByHttp2(port, path, method, headers)
  const length = body ? { 'Content-Length': String(body.length) } : {}
  return new Promise((resolve, reject) => {
    const outgoing = (tls ? requestSecurely : request)(
      {
        rejectUnauthorized: false,
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        timeout: 5_000,
        headers: { ...headers, ...length, Connection: 'close' },
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const whole = Buffer.concat(chunks)
          resolve({ status: incoming.statusCode ?? 0, bytes: whole.length, text: whole.toString('latin1') })
        })
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 5 s')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function fetchByHttp2(
  port: number,
  path: string,
  method: string,
  headers: Record<string, string>,
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on('error', reject)
    const stream = session.request({ ...headers, ':method': method, ':path': path })
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', (head) => {
      status = head[':status'] ?? 0
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      const whole = Buffer.concat(chunks)
      session.close()
      resolve({ status, bytes: whole.length, text: whole.toString('latin1') })
    })
    stream.setTimeout(5_000, () => stream.destroy(new Error('no answer within 5 s')))
  })
}
