import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../source-scan.ts'

/** A folder with these files, until the test is over: within the package, so that modules import it by its name. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const within = join(ROOT, 'coverage')
  mkdirSync(within, { recursive: true })
  const folder = mkdtempSync(join(within, 'cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** A gateway with a route that says a text, and one that leads to a pool. */
export function gatewayYaml(text: string, more = ''): string {
  return `proxy:
  listen: { port: 0 }
  upstreams:
    users:
      - address: "127.0.0.1:9"
      - { address: "127.0.0.1:10", weight: 3 }
  routes:
    - path: /users/:id
      methods: [GET]
      upstream: users
    - path: /text
      respond: { status: 200, body: "${text}" }
${more}`
}

export const GATEWAY_TS = `import { pool, proxy, respond } from 'gatewright'
import { requestId } from 'gatewright/filters'

export default proxy()
  .listen(0)
  .use(requestId())
  .route('GET /users/:id', pool(['http://127.0.0.1:9'], { name: 'users' }).leastConnections())
  .route('/text', () => respond(200, 'code'))
`
