import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { selfSigned } from 'gatewright'
import { FakeCluster } from './fake-cluster.ts'

/** An API server on a real socket, with TLS: the same cluster also after it was restarted. */
export class FakeKubernetes {
  readonly cluster = new FakeCluster()
  /** The authority of its certificate. */
  readonly ca: string
  readonly #credentials = selfSigned()
  #server: Server | undefined
  #port = 0

  constructor() {
    this.ca = this.#credentials.cert
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const server = createServer(this.#credentials, (request, response) => {
      const { status, body } = this.cluster.answer(request.url ?? '/', request.headers.authorization)
      response.writeHead(status, { 'Content-Type': 'application/json' })
      if (typeof body === 'string') response.end(body)
      else {
        response.flushHeaders()
        Readable.from(body)
          .on('error', () => {})
          .pipe(response)
      }
    })
    this.#server = server
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const closed = once(this.#server!, 'close')
    this.#server!.close()
    this.#server!.closeAllConnections()
    this.cluster.endWatches()
    await closed
  }
}
