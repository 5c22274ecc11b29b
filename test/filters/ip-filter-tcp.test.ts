import { expect, test } from 'vitest'
import { ipFilter } from '../../src/filters/index.ts'
import { client, rawUpstream } from '../engine/support.ts'
import { tcpGateway } from '../engine/tcp-gateway.ts'

test('ipFilter lets connections of tcp() pass or closes them, before any service hears of them', async () => {
  const service = await rawUpstream()
  const outside = await tcpGateway([service], {
    build: (it, services) => it.use(ipFilter({ deny: ['loopback'] })).to(services),
  })
  expect(await (await client(outside)).over).toBe('reset')
  expect(service.peers).toEqual([])
  expect((await outside.outcome()).error).toMatchObject({ code: 'access_denied' })

  const inside = await tcpGateway([service], {
    build: (it, services) => it.use(ipFilter({ allow: ['loopback'] })).to(services),
  })
  const one = await client(inside)
  const peer = await service.accept()
  await peer.send('220 ready\r\n')
  expect(await one.until('\r\n')).toBe('220 ready\r\n')
  one.end()
  await peer.over
  peer.close()
  expect(await inside.outcome()).toMatchObject({ result: 'completed' })
})
