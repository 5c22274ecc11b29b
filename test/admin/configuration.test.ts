import { proxy, type RunningProxy, respond } from 'gatewright'
import { type AdminOptions, type AdminSnapshot, admin, type ConfigurationStatus } from 'gatewright/admin'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ConfigurationControl } from '../../src/core/configuration-control.ts'

const STATUS: ConfigurationStatus = {
  files: ['/etc/gateway.yaml'],
  loadedAt: Date.UTC(2026, 0, 1),
  reloads: 3,
  failure: undefined,
}

/** Reloads as it is told to. */
class Control implements ConfigurationControl {
  status = STATUS
  fails: Error | undefined
  async reload(): Promise<void> {
    if (this.fails !== undefined) throw this.fails
    this.status = { ...this.status, reloads: this.status.reloads + 1 }
  }
}

async function started(
  configuration: ConfigurationControl | undefined,
  options: AdminOptions = {},
): Promise<(path: string, method?: string, body?: string) => Promise<[number, unknown]>> {
  const attached = admin({ port: 0, ...options })
  const running: RunningProxy = await proxy()
    .listen(0)
    .attach(attached)
    .route('/', () => respond(200))
    .start({ signals: false, surroundings: { configuration } })
  onTestFinished(() => running.close())
  return async (path, method = 'GET', body) => {
    const headers = { 'Content-Type': 'application/json' }
    const answer = await fetch(attached.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    })
    return [answer.status, await answer.json()]
  }
}

describe('the configuration of a proxy', () => {
  it('is shown, and read again by a command', async () => {
    const ask = await started(new Control())
    const { failure: _, ...shown } = STATUS
    expect(await ask('/api/configuration')).toEqual([200, shown])
    expect(await ask('/api/configuration/reload', 'POST')).toEqual([200, { ...shown, reloads: 4 }])
    expect(await ask('/api/configuration/reload', 'POST', '{}')).toEqual([200, { ...shown, reloads: 5 }])
    const [, snapshot] = await ask('/api/snapshot')
    expect((snapshot as AdminSnapshot).proxy.configuration).toEqual({ ...shown, reloads: 5 })
  })

  it('says why it could not be read again: 422 where the files are wrong, else 409', async () => {
    const control = new Control()
    const ask = await started(control)
    control.fails = Object.assign(new Error('gateway.yaml:3:5: proxy.listen: is wrong'), {
      code: 'ERR_CONFIG_INVALID',
    })
    expect(await ask('/api/configuration/reload', 'POST')).toEqual([
      422,
      { status: 422, title: 'Unprocessable content', detail: 'gateway.yaml:3:5: proxy.listen: is wrong' },
    ])
    control.fails = new Error('the proxy is draining')
    expect(await ask('/api/configuration/reload', 'POST')).toMatchObject([
      409,
      { detail: 'the proxy is draining' },
    ])
  })

  it('is not there where the proxy was made by code, and is left alone by a listener that only shows', async () => {
    const without = await started(undefined)
    expect((await without('/api/configuration'))[0]).toBe(404)
    expect((await without('/api/configuration/reload', 'POST'))[0]).toBe(404)
    expect((await without('/api/proxy'))[1]).not.toHaveProperty('configuration')
    const control = new Control()
    const readOnly = await started(control, { readOnly: true })
    expect((await readOnly('/api/configuration/reload', 'POST'))[0]).toBe(403)
    expect((await readOnly('/api/configuration'))[0]).toBe(200)
    expect(control.status.reloads).toBe(3)
  })

  it('takes a command that says no more than it can', async () => {
    const ask = await started(new Control())
    const [status, problem] = await ask('/api/configuration/reload', 'POST', '{"file":"x"}')
    expect([status, (problem as { detail: string }).detail]).toEqual([
      400,
      'there is no member "file"; those that exist: ',
    ])
  })
})
