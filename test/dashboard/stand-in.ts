import type { AdminSnapshot, TappedExchange } from '../../src/admin/api.ts'
import { dashboardFile } from '../../src/admin/dashboard/files.ts'
import { guardedResponse } from '../../src/admin/guards/guarded-response.ts'
import {
  type Exchange,
  type Handler,
  proxy,
  type RunningProxy,
  respond,
  respondJson,
} from '../../src/index.ts'
import { snapshotSample } from './sample-snapshot.ts'

/** What answers a command. */
export type Verdict = { readonly status: number; readonly detail: string } | undefined

/** Answers as the admin listener does, with what a test wants it to. */
export class StandIn implements AsyncDisposable {
  snapshot: AdminSnapshot = snapshotSample()
  /** `undefined`: none is asked for. */
  token: string | undefined
  /** How commands are answered; `undefined` for success. */
  verdict: (command: string, body: unknown) => Verdict = () => undefined
  /** Whether snapshots can be had. */
  broken = false
  /** Commands that came, in their order. */
  readonly commands: { readonly path: string; readonly body: unknown }[] = []
  /** The expressions of the taps that were opened. */
  readonly taps: string[] = []
  snapshots = 0
  #running: RunningProxy | undefined
  #tap: ((event: string) => void) | undefined

  get url(): string {
    return this.#running!.url
  }

  /** Shows an exchange to the tap that is open. */
  tapped(exchange: TappedExchange): void {
    this.#tap?.(`event: exchange\ndata: ${JSON.stringify(exchange)}\n\n`)
  }

  /** Tells the tap of some that were left out. */
  dropped(count: number): void {
    this.#tap?.(`event: dropped\ndata: ${JSON.stringify({ count })}\n\n`)
  }

  get tapIsOpen(): boolean {
    return this.#tap !== undefined
  }

  async start(): Promise<this> {
    this.#running = await proxy()
      .listen({ port: 0, host: '127.0.0.1' })
      .route('/', (exchange) => this.#answer(exchange))
      .start({ signals: false })
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.close()
  }

  readonly #answer: Handler = async (exchange) => {
    const { request } = exchange
    const file = dashboardFile(request.path)
    if (file !== undefined)
      return guardedResponse(respond(200, file.bytes, { 'Content-Type': file.contentType }))
    if (this.token !== undefined && request.headers.get('authorization') !== `Bearer ${this.token}`)
      return respondJson(401, { title: 'Unauthorized' })
    if (request.path === '/api/snapshot') {
      this.snapshots++
      return this.broken ? respond(503) : respondJson(200, this.snapshot)
    }
    if (request.path === '/api/tap') return this.#openTap(exchange)
    if (!request.path.startsWith('/api/endpoints/')) return respond(404)
    const body: unknown = JSON.parse(await request.body.text())
    const verdict = this.verdict(request.path, body)
    this.commands.push({ path: request.path, body })
    return verdict === undefined ? respond(204) : respondJson(verdict.status, { detail: verdict.detail })
  }

  #openTap(exchange: Exchange) {
    const where = new URL(exchange.request.target, 'http://a').searchParams.get('where') ?? ''
    this.taps.push(where)
    if (where === 'wrong') return respondJson(400, { detail: 'at character 6: expected a comparison' })
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const send = (text: string) => controller.enqueue(new TextEncoder().encode(text))
        this.#tap = send
        send(': open\n\n')
      },
    })
    exchange.onAbort(() => {
      this.#tap = undefined
    })
    return respond(200, body, { 'content-type': 'text/event-stream' })
  }
}
