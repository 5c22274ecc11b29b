import { expect, it } from 'vitest'
import { pool, proxy } from '../../src/index.ts'
import { fakeUpstream, memoryNetwork, rawClient, virtualClock } from '../../src/testing/index.ts'

it('a silent client does not keep a tunnel whose service has ended its side', async () => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const upstream = await fakeUpstream({ network, clock, host: 'service', port: 80 })
    .reply({
      raw: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
      after: 'end',
    })
    .start()
  const app = await proxy()
    .listen({ host: 'proxy', port: 80 })
    .route('/', pool(['http://service']))
    .start({ signals: false, surroundings: { clock, network } })
  const client = await rawClient(network, app.url)
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  await clock.advance('9s')
  expect([client.unread.toString().startsWith('HTTP/1.1 101'), app.connections]).toEqual([true, 1])
  await clock.advance('2s')
  expect(app.connections).toBe(0)
  await client.close()
  await clock.until(app.close())
  await upstream.close()
  await clock.advance(0)
  expect([network.leaks(), clock.pending]).toEqual([[], 0])
})
