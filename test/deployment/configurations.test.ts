// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files have these, and no code
import { readFileSync } from 'node:fs'
import { type Configuration, fromConfig } from 'gatewright/config'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ConfigFolder } from '../config/config-folder.ts'

/** What `stop_grace_period`, `preStop` and a drain are told in. */
function secondsOf(text: string | number): number {
  const [, count, unit] = /^(\d+)(ms|s|m)$/.exec(String(text)) ?? []
  return Number(count) * { ms: 0.001, s: 1, m: 60 }[unit as 'ms' | 's' | 'm']
}

/** How long it may take to end at SIGTERM: the drain, and what code of the user's has behind it. */
function secondsToEnd({ drain: { noticeMs = 0, limitMs = '10s' } }: Configuration): number {
  return secondsOf(noticeMs === 0 ? '0s' : noticeMs) + secondsOf(limitMs) + 1
}

function yamlOf(path: string) {
  return parse(readFileSync(path, 'utf8'), { merge: true })
}

describe('the configuration', () => {
  test('of the image answers without anything else', async () => {
    const { app } = await fromConfig('deploy/gateway.yaml', { env: {} })
    expect(app.routes.map(({ match, target }) => [match, target.kind])).toEqual([['/', 'handler']])
    expect(app.description.listeners).toMatchObject([{ host: '0.0.0.0', port: 8080 }])
    expect(app.description.companions.map(({ kind }) => kind)).toEqual(['admin'])
  })

  test('of Compose has the upstreams of the other services, and ends before it is killed', async () => {
    const { gateway, ...others } = yamlOf('deploy/compose/compose.yaml').services
    const [, token] = /^\$\{ADMIN_TOKEN:-(.+)\}$/.exec(gateway.environment.ADMIN_TOKEN)!
    using folder = new ConfigFolder({
      'gateway.yaml': readFileSync('deploy/compose/gateway/gateway.yaml', 'utf8'),
      // The one that is there waits for a connection.
      'redis.ts': 'export const client = { sendCommand: async () => null, on() {}, isReady: true }\n',
    })
    const made = await fromConfig(`${folder.path}/gateway.yaml`, { env: { ADMIN_TOKEN: token } })
    const [route] = made.app.routes
    expect(route!.target.endpoints!.map(({ url }) => new URL(url).hostname)).toEqual(
      Object.keys(others).filter((name) => name.startsWith('user-service')),
    )
    expect(made.files).toContain(`${folder.path}/redis.ts`)
    expect(secondsToEnd(made)).toBeLessThan(secondsOf(gateway.stop_grace_period))
  })

  test('of Kubernetes asks for the pods, and ends before it is killed', async () => {
    using folder = new ConfigFolder({ 'admin-token': 'a-token-of-the-secret\n' })
    const map = yamlOf('deploy/kubernetes/configmap.yaml')
    const { spec } = yamlOf('deploy/kubernetes/deployment.yaml').spec.template
    const [container] = spec.containers
    const secrets = container.volumeMounts.find(({ name }: { name: string }) => name === 'secrets').mountPath
    const text: string = map.data['gateway.yaml']
    expect(text).toContain(`\${file:${secrets}/admin-token}`)
    folder.write('gateway.yaml', text.replaceAll(secrets, folder.path))
    const made = await fromConfig(`${folder.path}/gateway.yaml`, { env: {} })
    const [route] = made.app.routes
    expect(route!.target).toMatchObject({ name: 'users', source: expect.stringContaining('kubernetes') })
    expect(made.files).toContain(`${folder.path}/admin-token`)
    const preStop: number = container.lifecycle.preStop.sleep.seconds
    expect(preStop + secondsToEnd(made)).toBeLessThan(spec.terminationGracePeriodSeconds)
  })
})
