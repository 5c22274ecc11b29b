/** A page asks a service of gRPC, which speaks HTTP/2 with trailers, by gRPC-Web, which needs neither. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { cors } from 'gatewright/filters/cors'
import { grpcWeb, grpcWebCors } from 'gatewright/filters/grpc-web'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .use(cors({ ...grpcWebCors, origins: 'https://shop.example' }))
  .route('/shop.Orders', grpcWeb(), pool(['http://orders'], { http2: true }))

const sim = simulate(app)
sim.upstream('http://orders').grpc('/shop.Orders/Count', { messages: ['7'] })

const { headers, body } = await sim.post('/shop.Orders/Count', {
  headers: { 'content-type': 'application/grpc-web', origin: 'https://shop.example' },
  body: framed('all of them'),
})
assert.equal(headers.get('content-type'), 'application/grpc-web')
assert.equal(headers.get('access-control-allow-origin'), 'https://shop.example')
assert.deepEqual(body.subarray(0, 6), framed('7'))
// Trailers are the last frame of the body, and a flag says so.
assert.equal(body[6], 0x80)
assert.match(body.subarray(11).toString(), /^grpc-status: ?0\r\n/)
await sim.assertNoLeaks()

/** A message as gRPC sends it: a flag, its length, and its bytes. */
function framed(message: string): Buffer {
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.write(message, 5)
  return frame
}
