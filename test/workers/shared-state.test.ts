import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import { ask, askMany, runScript } from './run-script.ts'

test('workers resume the sessions of each other, count a rate limit together, and follow a circuit that opens in one, as does one that comes later', async () => {
  const script = runScript('limited.ts')
  const [, port, tlsPort, one, two] = await script.line(/^serving (\d+) (\d+) (\d+) (\d+)$/)
  const { session } = await askSecurely(Number(tlsPort))
  const resumed = await Promise.all(Array.from({ length: 32 }, () => askSecurely(Number(tlsPort), session)))
  expect(new Set(resumed.map(({ answer }) => answer))).toEqual(new Set([one, two]))
  expect(resumed.map(({ isResumed }) => isResumed)).not.toContain(false)

  const served = await askMany(Number(port), 250)
  expect(served.size).toBe(3)
  expect(served.get(one!)! + served.get(two!)!).toBe(100)

  // Enough for one of them to see twenty failures, and not for both.
  for (let i = 0; i < 39; i++) await ask(Number(port), '/failing')
  const [, first] = await script.line(/^open in (\d+)$/)
  const [, second] = await script.line(/^open in (\d+)$/)
  expect(new Set([first, second])).toEqual(new Set([one, two]))
  expect(await ask(Number(port), '/failing')).toContain('circuit_open')

  process.kill(Number(one), 'SIGKILL')
  const [, third] = await script.line(/^open in (\d+)$/)
  expect([one, two]).not.toContain(third)
  const later = await askMany(Number(port), 20)
  expect([...later.keys()]).toEqual([expect.stringContaining('rate_limited')])
  script.signal('SIGTERM')
  expect(await script.ended).toEqual({ code: 0, signal: null })
}, 60_000)

/** Which process answers, by TLS 1.2: there a session is known when the handshake is over. */
function askSecurely(port: number, session?: Buffer) {
  return new Promise<{ answer: string; session: Buffer; isResumed: boolean }>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const
    const socket = connect({ ...options, ...(session === undefined ? {} : { session }) })
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      const found = { session: socket.getSession()!, isResumed: socket.isSessionReused() }
      socket.on('end', () => resolve({ ...found, answer: text.slice(text.indexOf('\r\n\r\n') + 4) }))
      socket.write('GET /pid HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    })
  })
}
