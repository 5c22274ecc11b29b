import { expect, it } from 'vitest'
import { fakeUpstream, memoryNetwork, rawClient, virtualClock } from '../../src/testing/index.ts'
import { GET, gateway } from './support.ts'

it('an empty line behind a message is no head: the connection idles, and ends without an answer', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  await using upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 }).start()
  const app = await gateway(upstream.url, { start: { surroundings: { clock, network } } })
  const client = await rawClient(network, app.url)
  await client.send(GET)
  await clock.advance(0)
  expect((await client.response()).status).toBe(200)
  await client.send('\r\n')
  await clock.advance('65s')
  expect([client.ended, client.unread.length]).toEqual([true, 0])
  await client.close()
})
