/** A service in a process of its own, so that it can be killed. Told a port; tells it when it listens, and when asked, its count. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let served = 0
const server = createServer((_, outgoing) => {
  served++
  outgoing.end('ok')
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  process.send!({ port: (server.address() as AddressInfo).port })
})
process.on('message', () => process.send!({ served }))
process.on('disconnect', () => process.exit())
