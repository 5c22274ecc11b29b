import { grpcWeb } from 'gatewright/filters/grpc-web'
import type { FilterCost } from './filter-cost.ts'

/** A flag, a length, and 100 bytes. */
const message = Buffer.alloc(105, 1)
message.writeUIntBE(100, 0, 5)

const chunked = Buffer.concat([
  Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n69\r\n',
  ),
  message,
  Buffer.from('\r\n0\r\nGrpc-Status: 0\r\n\r\n'),
])

export const costs: readonly FilterCost[] = [
  {
    name: 'grpcWeb, a call translated',
    filters: () => [grpcWeb()],
    method: 'POST',
    headers: { 'Content-Type': 'application/grpc-web', Accept: 'application/grpc-web' },
    body: message,
    response: chunked,
  },
  { name: 'grpcWeb, another request', filters: () => [grpcWeb()] },
]
