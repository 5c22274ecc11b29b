import {
  Client,
  credentials,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { expect, onTestFinished } from 'vitest'
import {
  type Filter,
  type LimitOptions,
  type Pool,
  pool,
  proxy,
  type RunningProxy,
  type SelfSigned,
} from '../../src/index.ts'

const asIs = (bytes: Buffer) => bytes

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/echo.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
}

const ECHO: ServiceDefinition = {
  Unary: method('Unary', false, false),
  Collect: method('Collect', true, false),
  Repeat: method('Repeat', false, true),
  Chat: method('Chat', true, true),
}

/** What one endpoint was asked for, and what became of it. */
export class EchoServer {
  readonly calls: Metadata[] = []
  /** Calls that the client, or whoever stands between, has cancelled. */
  cancelled = 0
  readonly #server: Server
  readonly #tls: SelfSigned | undefined
  #wake: (() => void)[] = []
  /** What unary calls do in place of answering with what they were sent. */
  unary: handleUnaryCall<Buffer, Buffer> | undefined
  /** Whether streams of requests are refused with their first message. */
  refusesStreams = false
  port = 0

  constructor(tls?: SelfSigned) {
    this.#tls = tls
    this.#server = new Server({
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    })
    this.#server.addService(ECHO, {
      Unary: (
        call: ServerUnaryCall<Buffer, Buffer>,
        answer: Parameters<handleUnaryCall<Buffer, Buffer>>[1],
      ) => {
        this.#began(call)
        if (this.unary !== undefined) this.unary(call, answer)
        else answer(null, call.request, echoed(call.metadata))
      },
      Collect: (
        call: ServerReadableStream<Buffer, Buffer>,
        answer: Parameters<handleUnaryCall<Buffer, Buffer>>[1],
      ) => {
        this.#began(call)
        const parts: Buffer[] = []
        call.on('data', (part: Buffer) => {
          parts.push(part)
          if (this.refusesStreams && parts.length === 1)
            answer({ code: status.OUT_OF_RANGE, details: 'enough' })
        })
        call.on('end', () => answer(null, Buffer.concat(parts), echoed(call.metadata)))
      },
      Repeat: (call: ServerWritableStream<Buffer, Buffer>) => {
        this.#began(call)
        call.sendMetadata(initial(call.metadata))
        const times = Number(call.metadata.get('times')[0] ?? 3)
        if (times === Number.POSITIVE_INFINITY) {
          call.write(call.request)
          return
        }
        for (let i = 0; i < times; i++) call.write(call.request)
        call.end(echoed(call.metadata))
      },
      Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
        this.#began(call)
        call.sendMetadata(initial(call.metadata))
        call.on('data', (part: Buffer) => call.write(part))
        call.on('end', () => call.end(echoed(call.metadata)))
      },
    })
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`
  }

  async start(): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync('127.0.0.1:0', this.#credentials(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    )
    return this
  }

  #credentials(): ServerCredentials {
    const tls = this.#tls
    if (tls === undefined) return ServerCredentials.createInsecure()
    const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }
    return ServerCredentials.createSsl(null, [pair])
  }

  stop(): void {
    this.#server.forceShutdown()
  }

  /** Ends as soon as it is so. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #began(call: { readonly metadata: Metadata; on(event: 'cancelled', listener: () => void): unknown }): void {
    this.calls.push(call.metadata)
    call.on('cancelled', () => {
      this.cancelled++
      this.#changed()
    })
    this.#changed()
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

/** A server for one test, which is stopped behind it. */
export async function echoServer(tls?: SelfSigned): Promise<EchoServer> {
  const server = await new EchoServer(tls).start()
  onTestFinished(() => server.stop())
  return server
}

/** The metadata of a call that name themselves `x-`, as trailers. */
function echoed(metadata: Metadata): Metadata {
  return prefixed(metadata, 'trailer-')
}

function initial(metadata: Metadata): Metadata {
  return prefixed(metadata, 'initial-')
}

function prefixed(metadata: Metadata, prefix: string): Metadata {
  const made = new Metadata()
  for (const name of Object.keys(metadata.getMap()))
    if (name.startsWith('x-') && !name.startsWith('x-forwarded'))
      for (const value of metadata.get(name)) made.add(prefix + name, value)
  return made
}

/** How a call has ended. */
export interface Ended {
  readonly messages: readonly Buffer[]
  readonly code: number
  readonly details: string
  readonly initial: Metadata | undefined
  readonly trailers: Metadata
}

/** A client with a connection of its own. */
export class EchoClient {
  readonly client: Client

  constructor(url: string, ca: string | undefined) {
    const trust = ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca))
    this.client = new Client(new URL(url).host, trust, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    })
  }

  unary(
    message: Uint8Array,
    metadata: Metadata = new Metadata(),
    options: { readonly deadline?: number | Date } = {},
  ): Promise<Ended> {
    return new Promise((resolve) => {
      let initial: Metadata | undefined
      let result: { readonly error: ServiceError | null; readonly message: Buffer | undefined } | undefined
      const call = this.client.makeUnaryRequest(
        '/echo.Echo/Unary',
        asIs,
        asIs,
        Buffer.from(message),
        metadata,
        options,
        (error, answer) => {
          result = { error, message: answer }
        },
      )
      call.on('metadata', (it: Metadata) => {
        initial = it
      })
      // Behind the callback.
      call.on('status', ({ code, details, metadata: trailers }) =>
        queueMicrotask(() =>
          resolve({
            messages: result?.message === undefined ? [] : [result.message],
            code,
            details,
            initial,
            trailers,
          }),
        ),
      )
    })
  }

  close(): void {
    this.client.close()
  }
}

/** A client for one test. */
export function echoClient(url: string, ca?: string): EchoClient {
  const made = new EchoClient(url, ca)
  onTestFinished(() => made.close())
  return made
}

/** What a stream of answers gives, to its end. */
export function allOf(call: {
  on(event: 'data', listener: (message: Buffer) => void): unknown
  on(event: 'metadata', listener: (it: Metadata) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'status', listener: (it: { code: number; details: string; metadata: Metadata }) => void): unknown
}): Promise<Ended> {
  return new Promise((resolve) => {
    const messages: Buffer[] = []
    let initial: Metadata | undefined
    call.on('data', (message) => messages.push(message))
    call.on('metadata', (it) => {
      initial = it
    })
    // Said by the status too.
    call.on('error', () => {})
    call.on('status', ({ code, details, metadata }) =>
      resolve({ messages, code, details, initial, trailers: metadata }),
    )
  })
}

export interface GatewayOptions {
  /** Of the whole proxy. */
  readonly filters?: readonly Filter[]
  readonly limits?: LimitOptions
  readonly route?: string
  /** With TLS on both sides. */
  readonly tls?: SelfSigned
  readonly pool?: (services: Pool) => Pool
}

/** A proxy for one test, before one server or several. When the test is over, no connection may be left. */
export async function gateway(
  servers: readonly EchoServer[],
  { filters = [], limits = {}, route = '/', tls, pool: described = (it) => it }: GatewayOptions = {},
): Promise<RunningProxy> {
  const urls = servers.map(({ url }) => url)
  const app = await proxy()
    .listen({ port: 0, limits, ...(tls && { tls }) })
    .use(...filters)
    .route(route, described(pool(urls, { http2: true, ...(tls && { tls: { ca: tls.cert } }) })))
    .start({ signals: false })
  onTestFinished(async () => {
    await app.close()
    expect(app.connections, 'connections left').toBe(0)
  })
  return app
}

export const serialize = asIs
export { Metadata, status }
