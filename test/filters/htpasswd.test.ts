import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { basicAuth } from '../../src/filters/index.ts'
import { proxy, respond } from '../../src/index.ts'

const run = promisify(execFile)

function installed(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    console.log(`skipped: ${program} is not installed`)
    return false
  }
}

const htpasswd = installed('htpasswd')
const curl = installed('curl')

async function line(...options: string[]): Promise<string> {
  const { stdout } = await run('htpasswd', ['-nb', ...options, 'ada', 'analytical:1 ö'], { timeout: 20_000 })
  return stdout
}

describe.skipIf(!htpasswd || !curl)('basicAuth with a file of htpasswd, asked by curl', () => {
  it('knows its bcrypt', { timeout: 60_000 }, async () => {
    const running = await proxy()
      .listen({ port: 0, host: '127.0.0.1' })
      .use(basicAuth({ htpasswd: await line('-B', '-C', '5'), realm: 'staff' }))
      .route('/', ({ request }) => respond(200, `in, without ${request.headers.has('authorization')}`))
      .start({ signals: false })
    const url = `http://127.0.0.1:${running.addresses[0]!.port}/`
    const status = async (...options: string[]): Promise<string> =>
      (await run('curl', ['-s', '-m', '20', '-w', ' %{http_code}', ...options, url], { timeout: 30_000 }))
        .stdout
    try {
      expect(await status('-u', 'ada:analytical:1 ö')).toBe('in, without false 200')
      expect(await status('-u', 'ada:analytical')).toMatch(/ 401$/)
      // curl asks without credentials first, and takes the challenge.
      expect(await status('--anyauth', '-u', 'ada:analytical:1 ö')).toBe('in, without false 200')
    } finally {
      await running.close()
    }
  })

  it.each(['-m', '-s', '-p'])('refuses what it makes with %s', { timeout: 60_000 }, async (option) => {
    const text = await line(option)
    expect(() => basicAuth({ htpasswd: text })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'line 1' }),
    )
  })
})

it('basicAuth keeps a process alive for a check of bcrypt, and no longer', { timeout: 60_000 }, async () => {
  const program = `
    import bcrypt from 'bcryptjs'
    import { respond } from 'gatewright'
    import { basicAuth } from 'gatewright/filters/basic-auth'
    import { exchange } from 'gatewright/testing'
    const filter = basicAuth({ users: { ada: bcrypt.hashSync('x', 4) } })
    const authorization = 'Basic ' + Buffer.from('ada:x').toString('base64')
    const response = await filter(exchange({ headers: { authorization } }), () => respond(200))
    console.log(response.status)`
  const args = ['--conditions=gatewright-source', '--input-type=module', '--eval', program]
  const { stdout } = await run(process.execPath, args, { timeout: 30_000 })
  expect(stdout).toBe('200\n')
})
