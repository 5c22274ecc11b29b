import { log, type Pool, pool, proxy, type RoutedProxy } from 'gatewright'
import { type Admin, type AdminOptions, admin } from 'gatewright/admin'
import { type RawClient, rawClient, type Simulation, simulate } from 'gatewright/testing'

/** A request to an admin listener, as bytes that nobody checks. */
export interface AdminRequest {
  readonly method?: string
  /** As it stands in the request line. */
  readonly target: string
  /** Default `Host: localhost:9901`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, with its type, unless `headers` name another. */
  readonly json?: unknown
  /** In its place: sent as latin1. */
  readonly body?: string
}

/** What it has answered. */
export interface AdminAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: unknown
}

/** A proxy with an admin listener, in memory. */
export interface AdminWorld extends AsyncDisposable {
  readonly sim: Simulation
  readonly admin: Admin
  /** What the log was told since. */
  readonly logged: readonly string[]
  readonly connect: () => Promise<RawClient>
  readonly ask: (request: string | AdminRequest) => Promise<AdminAnswer>
}

const ADDRESS = { host: '127.0.0.1', port: 9901 }

export const TOKEN = 'a-token-of-more-than-16-characters'

/** `users` has two endpoints. */
export const users: Pool = pool(['http://u1', { url: 'http://u2', weight: 3 }], { name: 'users' })

export function adminWorld(
  options: AdminOptions = {},
  shape: (app: RoutedProxy) => RoutedProxy = (app) => app.route('/', users),
): AdminWorld {
  const attached = admin(options)
  const logged: string[] = []
  log.level = 'info'
  log.to = ({ level, message }) => void logged.push(`${level}: ${message}`)
  const sim = simulate(shape(proxy().listen(8080).attach(attached)), { seed: 1 })
  const connect = () => sim.until(rawClient(sim.network, ADDRESS))
  return {
    sim,
    admin: attached,
    logged,
    connect,
    ask: (request) => sim.until(rawClient(sim.network, ADDRESS).then((client) => asked(client, request))),
    [Symbol.asyncDispose]: () => sim.close(),
  }
}

/** Sends one request on a connection of its own, and reads the answer. */
export async function asked(client: RawClient, request: string | AdminRequest): Promise<AdminAnswer> {
  const {
    method = 'GET',
    target,
    headers = {},
    json,
    body: raw = '',
  }: AdminRequest = typeof request === 'string' ? { target: request } : request
  const body = json === undefined ? raw : JSON.stringify(json)
  const typed = json === undefined ? {} : { 'Content-Type': 'application/json' }
  const fields = {
    Host: 'localhost:9901',
    ...typed,
    ...(json === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  await client.send(`${method} ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n${body}`)
  const response = await client.response({ to: method })
  await client.close()
  const text = response.body.toString('utf8')
  const type = response.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers.map(([name, value]) => [name.toLowerCase(), value])),
    text,
    json: /json/.test(type) && text !== '' ? JSON.parse(text) : undefined,
  }
}
