import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromConfig } from 'gatewright/config'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'

const TOKEN = 'a-token-that-is-long-enough-for-anybody'

test('the configuration in the image serves', async () => {
  const { app } = await fromConfig('deploy/gateway.yaml', { env: {} })
  expect(app.routes.map(({ match }) => match)).toEqual(['/'])
})

test('the configuration of the Compose file serves, with a client of Redis', async () => {
  const folder = temporaryFolder()
  const client = 'export const client = { sendCommand: () => Promise.reject(new Error("nobody")) }\n'
  writeFileSync(join(folder, 'redis.ts'), client)
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, readFileSync('deploy/compose/gateway/gateway.yaml'))
  const { app } = await fromConfig(path, { env: { ADMIN_TOKEN: TOKEN } })
  expect(app.routes[0]?.target.endpoints?.map(({ url }) => url)).toEqual([
    'http://user-service-1:8080',
    'http://user-service-2:8080',
  ])
})

test('the configuration of the ConfigMap serves, with the token of a Secret', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'admin-token'), TOKEN)
  const path = join(folder, 'gateway.yaml')
  const { data } = parse(readFileSync('deploy/kubernetes/configmap.yaml', 'utf8')) as {
    data: Readonly<Record<string, string>>
  }
  writeFileSync(path, data['gateway.yaml']!.replace('/gateway/secrets/', `${folder}/`))
  const { app } = await fromConfig(path, { env: {} })
  expect(app.routes.map(({ match }) => match)).toEqual(['/'])
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatewright-deployment-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}
