/** A service of gRPC on two endpoints, one of which is not ready: called by a client of gRPC, and as a browser's page would. */
import assert from 'node:assert/strict'
import { Client, credentials, type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { pool, proxy } from 'gatewright'
import { cors, grpcWeb, grpcWebCors, streamIdleTimeout } from 'gatewright/filters'

const asIs = (bytes: Buffer): Buffer => bytes
// Made by a code generator, usually.
const GREET = {
  path: '/demo.Greeter/Greet',
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
}

const ready = await service((call, answer) => answer(null, Buffer.from(`hello, ${String(call.request)}`)))
const starting = await service((_, answer) => answer({ code: status.UNAVAILABLE, details: 'not ready yet' }))

const greeters = pool([starting.url, ready.url], { http2: true })
  .retry({ on: ['unsent', 'UNAVAILABLE'] })
  .deadline({ ms: '5s', grpc: true })

const app = await proxy()
  .listen({ port: 0 })
  .use(cors({ ...grpcWebCors, origins: 'https://shop.example' }))
  .route('/demo.Greeter', streamIdleTimeout('10m'), grpcWeb(), greeters)
  .start({ signals: false })

// 1. A client of gRPC never hears of the endpoint that is not ready.
const client = new Client(new URL(app.url).host, credentials.createInsecure())
assert.equal(String(await greet(client, 'gRPC')), 'hello, gRPC')

// 2. Nor does a page of another origin, which speaks gRPC-Web. Its trailers are the last frame of the body.
const page = await fetch(app.url + GREET.path, {
  method: 'POST',
  headers: { 'content-type': 'application/grpc-web', origin: 'https://shop.example' },
  body: framed('web'),
})
const body = Buffer.from(await page.arrayBuffer())
assert.equal(page.headers.get('access-control-allow-origin'), 'https://shop.example')
const message = framed('hello, web')
assert.deepEqual(body.subarray(0, message.length), message)
assert.match(String(body.subarray(message.length)), /grpc-status: 0/)

// 3. What the proxy itself has to say, it says in the client's language.
ready.stop()
starting.stop()
await assert.rejects(greet(client, 'anyone'), { code: status.UNAVAILABLE })

client.close()
await app.close()
console.log('hello, gRPC and hello, web')

async function service(greetings: handleUnaryCall<Buffer, Buffer>) {
  const server = new Server()
  server.addService({ greet: GREET }, { greet: greetings })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return { url: `http://127.0.0.1:${port}`, stop: () => server.forceShutdown() }
}

function greet(from: Client, name: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    from.makeUnaryRequest(GREET.path, asIs, asIs, Buffer.from(name), (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    )
  })
}

/** A message as gRPC sends it: a flag, its length, and the bytes. */
function framed(message: string): Buffer {
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.write(message, 5)
  return frame
}
