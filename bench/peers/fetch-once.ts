import { request } from 'node:http'
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
}

/** One request on its own connection, read to the end: to see that a proxy works before it is measured. */
export function fetchOnce(port: number, path: string, options: FetchOptions = {}): Promise<Fetched> {
  const { method = 'GET', headers = {}, body, tls = false } = options
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
