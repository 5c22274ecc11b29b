/** A client has 10 kB a second, however many downloads it begins. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { bandwidth } from 'gatewright/filters/bandwidth'
import { simulate } from 'gatewright/testing'

const slow = bandwidth({ response: '10kb', key: 'address' })
const sim = simulate(proxy().route('/files', slow, pool(['http://files'])))
sim.upstream('http://files').reply({ body: 'x'.repeat(51_200) })

const alone = await sim.client('198.51.100.1').get('/files/a')
assert.equal(Math.round(alone.durationMs / 1_000), 5)

const client = sim.client('198.51.100.2')
const both = await Promise.all([client.get('/files/a'), client.get('/files/b')])
assert.equal(Math.round(Math.max(...both.map((it) => it.durationMs)) / 1_000), 10)
await sim.assertNoLeaks()
