import { HeaderList, type HeadersInit } from 'gatewright'

interface RequestParts {
  readonly method?: string
  readonly path?: string
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>)
  readonly body?: string | Buffer
}

/** A request as it goes over the wire, with the three fields that each has. */
export async function wireRequest({
  method = 'GET',
  path = '/users/7',
  headers = {},
  body = '',
}: RequestParts): Promise<Buffer> {
  const fields = HeaderList.from({ 'User-Agent': 'bench', Accept: '*/*' })
  const own = HeaderList.from(typeof headers === 'function' ? await headers() : headers)
  for (const [name] of own) fields.delete(name)
  for (const [name, value] of own) fields.append(name, value)
  const content = Buffer.from(body)
  if (content.length > 0) fields.set('Content-Length', String(content.length))
  const lines = Array.from(fields, ([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: users.example\r\n${lines.join('')}\r\n`, 'latin1'),
    content,
  ])
}
