/** A service to stand behind the gateway: it says its name, and that it is well. */
import { createServer } from 'node:http'

const { NAME = 'service', PORT = '8080' } = process.env

const server = createServer((request, response) => {
  const body = request.url === '/health' ? 'ok\n' : `${NAME}: ${request.method} ${request.url}\n`
  response.setHeader('Cache-Control', 'no-store')
  response.end(body)
}).listen(Number(PORT))

process.on('SIGTERM', () => server.close(() => process.exit(0)))
