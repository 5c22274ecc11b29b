import { describe, expect, it } from 'vitest'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import { OK, rawUpstream } from './support.ts'

describe('a request over HTTP/2', () => {
  it('is answered', async () => {
    const upstream = await rawUpstream()
    upstream.answer(() => OK)
    const app = await http2Gateway(upstream)
    const client = await http2Client(app)
    const response = await client.ask({ path: '/a?b' })
    expect([response.status, response.text]).toEqual([200, 'ok'])
    expect(app.refused).toEqual([])
  })
})
