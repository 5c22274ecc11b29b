/** A chat in which one word does not go on, and another is answered by the proxy. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { websocket } from 'gatewright/filters/websocket'
import { simulate } from 'gatewright/testing'

const moderated = websocket({
  maxMessageBytes: '64kb',
  pingMs: '30s',
  async onMessage(message, { from, reply, close }) {
    if (from === 'upstream') return // goes on as it is
    if (message === 'secret') return close(1008, 'not here')
    if (message !== 'who?') return String(message).toUpperCase()
    await reply('the proxy')
    return false // goes no further
  },
})
const app = proxy().route('/chat', moderated, pool(['http://chat']))

const sim = simulate(app)
sim.upstream('http://chat').websocket('/chat') // sends back what it gets
const socket = await sim.websocket('/chat')
socket.send('who?')
assert.equal(await socket.receive(), 'the proxy')
socket.send('hello')
assert.equal(await socket.receive(), 'HELLO')
socket.send('secret')
assert.equal((await socket.closed).code, 1008)
await sim.assertNoLeaks()
