/** Lines of a log are numbered as they go by, however they were cut into chunks. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { type BodyStep, bodyTransform } from 'gatewright/filters/body-transform'
import { simulate } from 'gatewright/testing'

const MAX_LINE = 10_000

/** What is collected, the rest of a line, has a limit. Bytes are decoded by a stream, which keeps what is half a character. */
const numbered: BodyStep = async function* (chunks) {
  const decoder = new TextDecoder()
  let rest = ''
  let number = 0
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    if (rest.length > MAX_LINE) throw new Error('a line is too long')
    for (const line of lines) yield Buffer.from(`${++number} ${line}\n`)
  }
  if (rest !== '') yield Buffer.from(`${++number} ${rest}`)
}

const app = proxy()
  .use(bodyTransform({ types: 'text/plain', response: numbered }))
  .route('/', pool(['http://logs']))

const sim = simulate(app)
async function* log() {
  yield 'started\nGr'
  yield Buffer.from([0xc3]) // half of the ü
  yield Buffer.from([0xbc])
  yield 'ße\nend'
}
sim.upstream('http://logs').reply(() => ({ headers: { 'content-type': 'text/plain' }, body: log() }))
assert.equal((await sim.get('/')).text(), '1 started\n2 Grüße\n3 end')
await sim.assertNoLeaks()
